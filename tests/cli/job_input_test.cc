// The inputs of a job, end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "cli/run_program.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class JobInputTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    WriteFileAtomically(folder_ / name, text);
    return folder_ / name;
  }
  // A quick job that reads `table`.
  ProgramResult Generate(const std::string& table, const std::string& options,
                         const std::string& out = "out") {
    return RunProgram("generate --model " GLOCE_BUNDLES "/emoji --steps 2 " +
                      options + " --prompts " + table + " --out " +
                      (folder_ / out));
  }
  bool Exists(const std::string& name) const {
    return fs::exists(folder_ / name);
  }

  const TemporaryFolder folder_;
};

TEST_F(JobInputTest, BadRowsAreListedAndTheOthersDrawn) {
  const std::string table = Write("p.csv",
                                  ",type,prompt,evaluation_seed,width\n"
                                  "0,x,a cat,1,\n1,x,a fox,-1,\n2,x,an owl,2,\n"
                                  "3,x,a car,3,70\n");
  const ProgramResult result = Generate(table, "");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out, HasSubstr("2 pictures made, 2 bad rows left out"));
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("line 3: evaluation_seed: got \"-1\""),
                    HasSubstr("line 5: "), HasSubstr("multiple of 16"),
                    HasSubstr("columns not used: column 1 (without a name), "
                              "type\n")));
  for (const char* name : {"0_0.png", "2_0.png"})
    EXPECT_TRUE(Exists(std::string("out/") + name)) << name;

  const json again = json::parse(Generate(table, "--json").out);
  EXPECT_EQ(again["skipped"], 2);
  EXPECT_EQ(again["bad_rows"]["count"], 2);
  EXPECT_EQ(again["bad_rows"]["listed"][1]["row"], 3);
  EXPECT_EQ(again["bad_rows"]["listed"][1]["line"], 5);
}

TEST_F(JobInputTest, ManyBadRowsAreListedToALimitAndCounted) {
  std::string text = "prompt,width\n";
  for (int i = 0; i < 130; ++i) text += "a,70\n";
  const ProgramResult result = Generate(Write("p.csv", text), "--quiet");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 101);
  EXPECT_THAT(result.err, HasSubstr("and 30 more bad rows\n"));
  EXPECT_FALSE(Exists("out"));
}

TEST_F(JobInputTest, ColumnsByChoice) {
  const ProgramResult result =
      Generate(Write("p.csv", "text,random_seed\na cat,7\n"),
               "--columns prompt=text,seed=random_seed "
               "--filename '{seed}.png'");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(Exists("out/7.png"));
}

// The same job in both formats makes the same bytes.
TEST_F(JobInputTest, JsonLinesDrawWhatCsvDraws) {
  const std::string csv = Write("p.csv",
                                "case_number,prompt,evaluation_seed,guidance\n"
                                "5,\"a cat,\nat night\",3,2\n6,a fox,,\n");
  const std::string lines =
      Write("p.jsonl",
            "{\"case_number\": 5, \"prompt\": \"a cat,\\nat night\", "
            "\"seed\": 3, \"evaluation_guidance\": 2}\r\n"
            "{\"case_number\": 6, \"prompt\": \"a fox\"}\n"
            "{\"case_number\": 7, \"text\": \"a fox\"}\n");
  ASSERT_EQ(Generate(csv, "-q", "csv").exit_code, 0);
  const ProgramResult result = Generate(lines, "-q", "lines");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("line 3: unknown key \"text\""));
  for (const std::string name : {"/5_0.png", "/6_0.png"}) {
    EXPECT_EQ(ReadFile(folder_ / ("csv" + name)),
              ReadFile(folder_ / ("lines" + name)))
        << name;
  }
}

TEST_F(JobInputTest, ACheckSaysWhatTheJobThenDoes) {
  const std::string table = Write("p.csv", "prompt\na cat\na fox\nan owl\n");
  ASSERT_EQ(Generate(table, "-q --shard 1/2 --batch-size 2").exit_code, 0);
  const std::string before = ReadFile(folder_ / "out/manifest.jsonl");
  const ProgramResult result = Generate(table, "--batch-size 2 --check --json");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const json check = json::parse(result.out);
  EXPECT_EQ(check["pictures"], 3);
  EXPECT_EQ(check["there"], 2);
  EXPECT_EQ(check["to_make"], 1);
  EXPECT_EQ(check["made_again"], 0);
  EXPECT_EQ(check["bad_rows"]["count"], 0);
  EXPECT_GT(check["bytes_at_most"], 0);
  EXPECT_GT(check["bytes_free"], check["bytes_at_most"]);
  EXPECT_GT(check["seconds_per_step"], 0.0);
  // Two steps with classifier-free guidance, and a decoding.
  EXPECT_GT(check["seconds_estimate"],
            2 * check["seconds_per_step"].get<double>());
  EXPECT_EQ(ReadFile(folder_ / "out/manifest.jsonl"), before);
  EXPECT_FALSE(Exists("out/2_0.png"));

  const ProgramResult text = Generate(table, "--check", "other/deep");
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, AllOf(HasSubstr("3 pictures, 0 there already, 3 to "
                                        "make\n"),
                              HasSubstr("0 bad rows"), HasSubstr("GiB free"),
                              HasSubstr("time: about 0:")));
  EXPECT_FALSE(Exists("other"));
}

TEST_F(JobInputTest, ACheckListsEverythingThatIsWrong) {
  const std::string table =
      Write("p.csv", "prompt,width,seed\na,70,\nb,,-1\nc,64,\nc,64,\nd,64,x\n");
  const ProgramResult bad = Generate(table, "--check --json");
  EXPECT_EQ(bad.exit_code, 3);
  const json check = json::parse(bad.out);
  EXPECT_EQ(check["bad_rows"]["count"], 3);
  EXPECT_EQ(check["bad_rows"]["listed"][2]["line"], 6);
  EXPECT_EQ(check["to_make"], 2);
  EXPECT_THAT(bad.err, AllOf(HasSubstr("line 2: "), HasSubstr("line 3: seed"),
                             HasSubstr("line 6: seed")));
  // As the job would end: names that collide are wrong usage.
  const std::string collide = "--filename '{prompt}.png'";
  const ProgramResult names = Generate(table, collide + " --check --json");
  EXPECT_EQ(names.exit_code, 2);
  EXPECT_EQ(json::parse(names.out)["collisions"]["count"], 1);
  EXPECT_THAT(names.err, HasSubstr("line 5: case 3 (line 5) and case 2"));
  EXPECT_EQ(Generate(table, collide).exit_code, 2);
  EXPECT_FALSE(Exists("out"));
  // And what is wrong with the command or the file stops both.
  EXPECT_EQ(Generate(table, "--check --shard 2/1").exit_code, 2);
  EXPECT_EQ(Generate(table, "--check --erasers nowhere").exit_code, 1);
  EXPECT_EQ(Generate("nowhere.csv", "--check").exit_code, 1);
}

// 80 TB of pictures, of which only the first, small one is measured.
TEST_F(JobInputTest, ACheckWarnsOfADiskThatIsTooSmall) {
  const ProgramResult result =
      Generate(Write("p.csv",
                     "prompt,width,height,num_images\na,64,64,1\n"
                     "b,16384,16384,100000\n"),
               "--check --json");
  EXPECT_EQ(result.exit_code, 1);
  const json check = json::parse(result.out);
  EXPECT_EQ(check["to_make"], 100001);
  EXPECT_GT(check["bytes_at_most"], 80'000'000'000'000);
  EXPECT_GT(check["bytes_at_most"], check["bytes_free"]);
  EXPECT_THAT(result.err, HasSubstr("TiB, but the disk has "));
}

// Each picture is what a job with these concepts alone would make, to the byte:
// `--only`, all of them, and no erasers.
TEST_F(JobInputTest, RowsChooseTheirConcepts) {
  const std::string erasers = folder_ / "e.safetensors";
  ASSERT_EQ(RunProgram("build --model " GLOCE_BUNDLES
                       "/emoji --erase cat --erase fox --steps 6 --window 0:2 "
                       "--num-seeds 1 --gate-start 0 -q --out " +
                       erasers)
                .exit_code,
            0);
  const std::string rows[] = {"a cat and a fox", "cat", "fox", "",
                              "fox; cat",        "cat"};
  std::string table = "prompt,erase\n", plain = "prompt\n";
  for (size_t i = 1; i < 6; ++i) {
    table += rows[0] + ",\"" + rows[i] + "\"\n";
    plain += rows[0] + "\n";
  }
  const std::string chosen = Write("chosen.csv", table);
  const std::string all = Write("all.csv", plain);
  const std::string with = "-q --batch-size 1 --erasers " + erasers + " ";
  ASSERT_EQ(Generate(chosen, with, "chosen").exit_code, 0);
  ASSERT_EQ(Generate(all, with, "all").exit_code, 0);
  ASSERT_EQ(Generate(all, with + "--only cat", "cat").exit_code, 0);
  ASSERT_EQ(Generate(all, with + "--only fox", "fox").exit_code, 0);
  ASSERT_EQ(Generate(all, "-q --batch-size 1", "none").exit_code, 0);
  const char* expected[] = {"cat", "fox", "none", "all", "cat"};
  for (size_t i = 0; i < 5; ++i) {
    const std::string file = "/" + std::to_string(i) + "_0.png";
    EXPECT_EQ(ReadFile(folder_ / ("chosen" + file)),
              ReadFile(folder_ / (expected[i] + file)))
        << rows[i + 1];
  }
  EXPECT_NE(ReadFile(folder_ / "cat/0_0.png"),
            ReadFile(folder_ / "fox/0_0.png"));
  const std::string manifest = ReadFile(folder_ / "chosen/manifest.jsonl");
  std::vector<json> concepts;
  std::istringstream lines(manifest);
  for (std::string line; std::getline(lines, line);)
    concepts.push_back(json::parse(line)["concepts"]);
  const std::vector<json> told = {json({"cat"}), json({"fox"}), json::array(),
                                  json({"cat", "fox"}), json({"cat"})};
  EXPECT_EQ(concepts, told);

  // Full batches of each choice, and an unknown name.
  const std::string wrong =
      Write("wrong.csv", table + "a cat,dog\na cat,\"cat;Fox\"\n");
  const ProgramResult result = Generate(
      wrong, "--erasers " + erasers + " --batch-size 2 --json", "wrong");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(json::parse(result.out)["made"], 5);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("line 7: erase: got \"dog\", expected one of: "
                              "cat, fox"),
                    HasSubstr("line 8: erase: got \"Fox\"")));
  EXPECT_THAT(Generate(chosen, "", "bare").err,
              HasSubstr("erase: got \"cat\", but the job has no --erasers"));
}

}  // namespace
}  // namespace gloce
