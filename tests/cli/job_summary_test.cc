// summary.json, end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "cli/run_program.h"

namespace gloce {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;

class JobSummaryTest : public testing::Test {
 protected:
  ProgramResult Generate(const std::string& options) {
    return RunProgram("generate --model " GLOCE_BUNDLES
                      "/emoji --steps 2 --json --out " +
                      (folder_ / "out") + " " + options);
  }
  std::string Write(const std::string& name, const std::string& text) {
    WriteFileAtomically(folder_ / name, text);
    return folder_ / name;
  }
  json Summary(const std::string& name = "summary.json") const {
    return json::parse(ReadFile(folder_ / ("out/" + name)));
  }

  const TemporaryFolder folder_;
};

TEST_F(JobSummaryTest, TellsWhatAJobWasDidAndTook) {
  const std::string erasers = folder_ / "e.safetensors";
  ASSERT_EQ(RunProgram("build --model " GLOCE_BUNDLES
                       "/emoji --erase cat --erase fox --steps 6 --window 0:2 "
                       "--num-seeds 1 -q --out " +
                       erasers)
                .exit_code,
            0);
  const std::string table =
      Write("p.csv", "prompt,width\na cat,\na fox,70\nan owl,64\n");
  const ProgramResult result =
      Generate("--prompts " + table + " --erasers " + erasers +
               " --only fox --num-images 2 --seed 5");
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_EQ(result.out, ReadFile(folder_ / "out/summary.json"));
  const json summary = Summary();
  EXPECT_EQ(summary["format"], "gloce-job-summary");
  EXPECT_EQ(summary["state"], "done");
  EXPECT_FALSE(summary.contains("error"));
  EXPECT_EQ(summary["rows"], 3);
  EXPECT_EQ(summary["pictures"], 4);
  EXPECT_EQ(summary["made"], 4);
  EXPECT_EQ(summary["skipped"], 0);
  EXPECT_EQ(summary["failed"], 0);
  EXPECT_EQ(summary["missing"], 0);
  EXPECT_EQ(summary["failures"],
            json({{"count", 0}, {"listed", json::array()}}));
  EXPECT_EQ(summary["bad_rows"]["count"], 1);
  EXPECT_THAT(summary["bad_rows"]["listed"][0]["message"].get<std::string>(),
              HasSubstr("line 3"));
  const json used = summary["erasers"];
  EXPECT_EQ(used["concepts"], json({"fox"}));
  EXPECT_EQ(used["files"][0]["file"], erasers);
  EXPECT_EQ(used["files"][0]["sha256"], Sha256OfFile(erasers));
  EXPECT_EQ(used["files"][0]["concepts"], json({"cat", "fox"}));
  const std::string manifest = ReadFile(folder_ / "out/manifest.jsonl");
  EXPECT_EQ(used["hash"],
            json::parse(manifest.substr(0, manifest.find('\n')))["erasers"]);
  EXPECT_EQ(summary["model"]["name"], "emoji");
  EXPECT_EQ(summary["model"]["identity"].get<std::string>().size(), 64u);
  EXPECT_EQ(summary["device"], "cpu");
  EXPECT_EQ(summary["dtype"], "float32");
  EXPECT_EQ(summary["settings"]["steps"], 2);
  EXPECT_EQ(summary["settings"]["seed"], 5);
  EXPECT_EQ(summary["settings"]["width"], 64) << "the model's own";
  EXPECT_EQ(summary["settings"]["filename"], "{case_number}_{i}.png");
  EXPECT_EQ(summary["shard"], json({{"shard", 1}, {"num_shards", 1}}));
  EXPECT_EQ(summary["versions"]["gloce"], GLOCE_VERSION);
  EXPECT_FALSE(summary["versions"]["libtorch"].get<std::string>().empty());
  const json timings = summary["timings"];
  for (const char* name : {"started", "ended"}) {
    EXPECT_THAT(timings[name].get<std::string>(),
                MatchesRegex("20..-..-..T..:..:..Z"));
  }
  EXPECT_LE(timings["started"], timings["ended"]);
  EXPECT_LE(timings["scan"], timings["start_up"]);
  EXPECT_NEAR(timings["sampling"], 4 * timings["a_picture"].get<double>(),
              0.01);
  EXPECT_LE(
      timings["start_up"].get<double>() + timings["sampling"].get<double>(),
      timings["total"].get<double>() + 0.01);
}

TEST_F(JobSummaryTest, OfAResumedJobTellsOfTheLastRunAndLeavesTheRest) {
  const std::string job = "--prompt 'a cat' --num-images 2 --batch-size 1";
  ASSERT_EQ(Generate(job).exit_code, 0);
  const std::string manifest = ReadFile(folder_ / "out/manifest.jsonl");
  EXPECT_EQ(Generate(job).exit_code, 0);
  EXPECT_EQ(Summary()["made"], 0);
  EXPECT_EQ(Summary()["skipped"], 2);
  EXPECT_TRUE(Summary()["erasers"].is_null());
  EXPECT_FALSE(Summary()["timings"].contains("a_picture"));
  EXPECT_EQ(ReadFile(folder_ / "out/manifest.jsonl"), manifest);
}

TEST_F(JobSummaryTest, EveryShardHasItsOwn) {
  const std::string job = "--prompt 'a cat' --num-images 3 --batch-size 1";
  for (const std::string shard : {"1", "2"})
    ASSERT_EQ(Generate(job + " --shard " + shard + "/2").exit_code, 0);
  const json first = Summary("summary-1-of-2.json");
  const json second = Summary("summary-2-of-2.json");
  EXPECT_EQ(first["pictures"].get<int>() + second["pictures"].get<int>(), 3);
  EXPECT_EQ(second["shard"], json({{"shard", 2}, {"num_shards", 2}}));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/summary.json"));
}

// A folder in a picture's place: the disk refuses, the job fails.
TEST_F(JobSummaryTest, OfAFailedJobTellsWhy) {
  std::filesystem::create_directories(folder_ / "out/1_0.png/x");
  const ProgramResult result =
      Generate("--prompts " + Write("p.txt", "a cat\na fox\nan owl\n") +
               " --batch-size 1");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, ReadFile(folder_ / "out/summary.json"));
  EXPECT_EQ(Summary()["state"], "failed");
  EXPECT_THAT(Summary()["error"].get<std::string>(), HasSubstr("1_0.png"));
  EXPECT_EQ(Summary()["made"], 1);
  EXPECT_EQ(Summary()["missing"], 2);
}

TEST_F(JobSummaryTest, OfNothingIsPrintedAlone) {
  const ProgramResult result =
      Generate("--prompts " + Write("p.csv", "prompt,width\na,70\n"));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(json::parse(result.out)["state"], "done");
  EXPECT_EQ(json::parse(result.out)["pictures"], 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

}  // namespace
}  // namespace gloce
