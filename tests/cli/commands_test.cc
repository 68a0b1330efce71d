// The commands on the demo bundle, end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/run_program.h"

namespace gloce {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kModel = " --model " GLOCE_BUNDLES "/emoji ";
// A quick build: few steps, one seed.
const std::string kQuick =
    " --steps 6 --window 0:2 --num-seeds 1 --gate-start 0 ";

TEST(CommandsTest, BuildGenerateInspectAndMerge) {
  const TemporaryFolder folder;
  const std::string cat = folder / "cat.safetensors";
  const std::string fox = folder / "fox.safetensors";
  const ProgramResult built =
      RunProgram("build" + kModel + kQuick + "--erase cat --json --out " + cat);
  ASSERT_EQ(built.exit_code, 0) << built.err;
  const json report = json::parse(built.out);
  EXPECT_EQ(report["concepts"], json({"cat"}));
  ASSERT_EQ(
      RunProgram("build" + kModel + kQuick + "--erase fox --quiet --out " + fox)
          .exit_code,
      0);

  const std::string both = folder / "both.safetensors";
  const ProgramResult merged =
      RunProgram("merge " + cat + " " + fox + " --out " + both);
  ASSERT_EQ(merged.exit_code, 0) << merged.err;
  const json description =
      json::parse(RunProgram("inspect --json " + both).out);
  EXPECT_EQ(description["concepts"][1]["name"], "fox");
  EXPECT_EQ(description["dtype"], "float32");

  const std::string out = folder / "out";
  const std::string generate =
      "generate" + kModel +
      "--prompt 'a cat, and an owl' --steps 4 --seed 3 "
      "--num-images 2 --erasers " +
      both + " --only fox --out " + out;
  const ProgramResult made = RunProgram(generate + " --json");
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(json::parse(made.out)["made"], 2);
  const std::string picture = out + "/a-cat,-and-an-owl_3_0.png";
  ASSERT_TRUE(std::filesystem::exists(picture));
  EXPECT_THAT(RunProgram("inspect " + picture).out,
              testing::AllOf(HasSubstr("Seed: 3"), HasSubstr("fox")));

  // Again: everything is there, nothing is made, the bytes stay.
  const std::string before = ReadFile(picture);
  const json again = json::parse(RunProgram(generate + " --json").out);
  EXPECT_EQ(again["made"], 0);
  EXPECT_EQ(again["skipped"], 2);
  const json anew =
      json::parse(RunProgram(generate + " --overwrite --json").out);
  EXPECT_EQ(anew["made"], 2);
  EXPECT_EQ(ReadFile(picture), before);
}

// Nearly half of the bytes; such a file serves like any other.
TEST(CommandsTest, MergeStoresErasersInAHalfType) {
  const TemporaryFolder folder;
  const std::string full = folder / "full", half = folder / "half";
  ASSERT_EQ(
      RunProgram("build" + kModel + kQuick + "--erase cat -q --out " + full)
          .exit_code,
      0);
  ASSERT_EQ(
      RunProgram("merge " + full + " --dtype float16 --out " + half).exit_code,
      0);
  EXPECT_EQ(json::parse(RunProgram("inspect --json " + half).out)["dtype"],
            "float16");
  EXPECT_LT(10 * ReadFile(half).size(),
            7 * ReadFile(full).size());  // a header too
  EXPECT_EQ(
      RunProgram("generate" + kModel + "--prompt 'a cat' --steps 2 --out " +
                 (folder / "out") + " --erasers " + half)
          .exit_code,
      0);
  const ProgramResult wrong =
      RunProgram("merge " + full + " --dtype int8 --out " + half);
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--dtype: got \"int8\""));
}

TEST(CommandsTest, BuildIsReproducible) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) {
    ASSERT_EQ(RunProgram("build" + kModel + kQuick + "--erase owl -q --out " +
                         (folder / name))
                  .exit_code,
              0);
  }
  EXPECT_EQ(ReadFile(folder / "a"), ReadFile(folder / "b"));
}

// The compressed pixels of a PNG, without its texts: all IDAT chunks.
std::string PictureData(const std::string& png) {
  std::string data;
  for (size_t at = 8; at + 8 <= png.size();) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i) {
      length = length << 8 | static_cast<unsigned char>(png[at + i]);
    }
    if (png.compare(at + 4, 4, "IDAT") == 0) data += png.substr(at + 8, length);
    at += length + 12;
  }
  return data;
}

TEST(CommandsTest, StrengthZeroIsTheUnmodifiedModel) {
  const TemporaryFolder folder;
  const std::string erasers = folder / "e.safetensors";
  ASSERT_EQ(
      RunProgram("build" + kModel + kQuick + "--erase cat -q --out " + erasers)
          .exit_code,
      0);
  const std::string common =
      "generate" + kModel + "--prompt 'a cat' --steps 4 --json ";
  ASSERT_EQ(RunProgram(common + "--out " + (folder / "plain")).exit_code, 0);
  ASSERT_EQ(RunProgram(common + "--erasers " + erasers +
                       " --strength 0 --out " + (folder / "off"))
                .exit_code,
            0);
  ASSERT_EQ(
      RunProgram(common + "--erasers " + erasers + " --out " + (folder / "on"))
          .exit_code,
      0);
  const auto pixels = [&](const std::string& run) {
    return PictureData(ReadFile(folder / (run + "/a-cat_0_0.png")));
  };
  EXPECT_EQ(pixels("off"), pixels("plain"));
  EXPECT_NE(pixels("on"), pixels("plain")) << "the erasers do nothing";
}

TEST(CommandsTest, ADryRunShowsTheChoiceAndBuildsNothing) {
  const ProgramResult result =
      RunProgram("build" + kModel + "--erase owl --dry-run");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              testing::AllOf(HasSubstr("a picture of an owl"),
                             HasSubstr("anchors"), HasSubstr("U-Net passes"),
                             HasSubstr("time: about "), HasSubstr("memory: ")));
  const ProgramResult in_json =
      RunProgram("build" + kModel + "--erase owl --dry-run --json");
  const json plan = json::parse(in_json.out);
  const auto& similarities = plan["concepts"][0]["anchor_similarities"];
  ASSERT_EQ(similarities.size(), plan["concepts"][0]["anchors"].size());
  EXPECT_LT(similarities[0], similarities[2]);
  EXPECT_LE(similarities[2], 1.0);
  EXPECT_GT(plan["seconds_estimate"], 0.0);
  EXPECT_GT(plan["statistics_bytes"], 0);
  EXPECT_GT(plan["passes"], 0);
  EXPECT_EQ(plan["repeated_passes"], 0);
}

// scripts/make_help_golden.sh writes the expected texts.
TEST(CommandsTest, HelpTeachesWithExamples) {
  size_t commands = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(GLOCE_TEST_DATA "/help")) {
    const std::string name = file.path().stem();
    const ProgramResult help =
        RunProgram((name == "gloce" ? "" : name) + " --help");
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_EQ(help.out, ReadFile(file.path())) << name;
    EXPECT_THAT(help.out, HasSubstr("Example")) << name;
    if (name.find(' ') == name.npos) ++commands;  // "eval attack" is eval's own
  }
  EXPECT_THAT(ReadFile(GLOCE_TEST_DATA "/help/eval.txt"),
              HasSubstr("Subcommands:\n  attack "));
  const std::string overview = ReadFile(GLOCE_TEST_DATA "/help/gloce.txt");
  const auto listed = overview.substr(overview.find("Subcommands:"));
  EXPECT_EQ(commands, std::count(listed.begin(),
                                 listed.begin() + listed.find("\n\n"), '\n') +
                          1);
  EXPECT_THAT(RunProgram("--version").out, HasSubstr("gloce 0."));
}

TEST(CommandsTest, AnInterruptedBuildLeavesItsPartsAlone) {
  const TemporaryFolder folder;
  const ProgramResult result = RunProgram(
      "build" + kModel + "--erase cat --num-seeds 500 --quiet --out " +
          (folder / "cat.safetensors"),
      "timeout --preserve-status -s INT 4");
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_THAT(result.err, HasSubstr("interrupted"));
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    EXPECT_EQ(entry.path().filename(), "cat.safetensors.parts");
}

TEST(CommandsTest, InterruptStopsCleanly) {
  const TemporaryFolder folder;
  const ProgramResult result =
      RunProgram("generate" + kModel +
                     "--prompt 'a cat' --num-images 500 --batch-size 2 "
                     "--quiet --out " +
                     (folder / "out"),
                 "timeout --preserve-status -s INT 4");
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_THAT(result.err, HasSubstr("interrupted"));
  for (const auto& entry :
       std::filesystem::directory_iterator(folder / "out")) {
    EXPECT_THAT(entry.path().string(), testing::Not(HasSubstr("gloce-tmp")));
  }
}

}  // namespace
}  // namespace gloce
