// --config: options from a file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/run_program.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

const std::string kBundle = GLOCE_BUNDLES "/emoji";

class ConfigTest : public testing::Test {
 protected:
  std::string Write(const std::string& text) {
    WriteFileAtomically(folder_ / "run.json", text);
    return folder_ / "run.json";
  }

  // `settings` as the --config of `command`.
  ProgramResult RunWith(const json& settings, const std::string& command) {
    return RunProgram(command + " --config " + Write(settings.dump()));
  }

  void ExpectRefusal(const std::string& text, const std::string& message) {
    const ProgramResult result =
        RunProgram("generate --config " + Write(text) + " --prompt a");
    EXPECT_EQ(result.exit_code, 2) << text << '\n' << result.err;
    EXPECT_THAT(result.err, testing::StartsWith("gloce: error: ")) << text;
    EXPECT_THAT(result.err, HasSubstr("run.json")) << text;
    EXPECT_THAT(result.err, HasSubstr(message)) << text;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
        << result.err;
    EXPECT_FALSE(fs::exists("out"));
  }

  json Plan(const std::string& settings_and_arguments) {
    const ProgramResult result =
        RunProgram("build --dry-run --json " + settings_and_arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out);
  }

  TemporaryFolder folder_;
};

TEST_F(ConfigTest, DrawsWhatTheCommandLineWouldDraw) {
  const std::string out = folder_ / "out";
  const std::string config = Write(R"({
    // Comments are allowed, as in concept lists.
    "model": ")" + kBundle + R"(", "out": ")" +
                                   out + R"(",
    "prompt": ["a cat, #1", "[a, fox]"],
    "seed": 3, "steps": 2, "guidance": 7.5, "json": true, "overwrite": false
  })");
  const ProgramResult made = RunProgram("generate --config " + config);
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(json::parse(made.out)["made"], 2);
  EXPECT_TRUE(fs::exists(out + "/a-cat,-#1_3_0.png"));
  EXPECT_EQ(RunProgram("generate --model " + kBundle + " --out " +
                       (folder_ / "typed") +
                       " --prompt 'a cat, #1' --prompt '[a, fox]' --seed 3 "
                       "--steps 2 --quiet")
                .exit_code,
            0);
  for (const auto& entry : fs::directory_iterator(out)) {
    if (entry.path().extension() != ".png") continue;
    EXPECT_EQ(
        ReadFile(entry.path()),
        ReadFile(folder_ / ("typed/" + entry.path().filename().string())));
  }
}

TEST_F(ConfigTest, TheCommandLineWins) {
  const std::string config =
      " --config " + Write(json({{"model", kBundle},
                                 {"erase", {"owl", "cat"}},
                                 {"plan", "fast"},
                                 {"rank-map", 3},
                                 {"json", true}})
                               .dump());
  json plan = Plan(config);
  ASSERT_EQ(plan["concepts"].size(), 2U);
  EXPECT_EQ(plan["concepts"][0]["rank_map"], 3);
  // A list is replaced, not joined; the place of --config does not matter.
  plan = Plan("--erase fox" + config + " --rank-map 1");
  ASSERT_EQ(plan["concepts"].size(), 1U);
  EXPECT_EQ(plan["concepts"][0]["name"], "fox");
  EXPECT_EQ(plan["concepts"][0]["rank_map"], 1);
  // An option that excludes one of the file's takes its place.
  WriteFileAtomically(folder_ / "names.txt", "pizza\n");
  plan = Plan(config + " --concepts " + (folder_ / "names.txt"));
  EXPECT_EQ(plan["concepts"][0]["name"], "pizza");
  const ProgramResult in_text =
      RunProgram("build --dry-run --json=false --erase owl" + config);
  EXPECT_THAT(in_text.out, HasSubstr("U-Net passes"));
}

TEST_F(ConfigTest, HoldsPositionalArgumentsToo) {
  const ProgramResult inspected =
      RunWith({{"path", kBundle}, {"json", true}}, "inspect");
  EXPECT_EQ(json::parse(inspected.out)["kind"], "bundle") << inspected.err;
  EXPECT_EQ(RunWith({{"shell", "fish"}}, "completion").exit_code, 0);
  const ProgramResult merged =
      RunWith({{"files", {"no-a", "no-b"}}, {"out", folder_ / "all"}}, "merge");
  EXPECT_EQ(merged.exit_code, 1);
  EXPECT_THAT(merged.err, HasSubstr("no-a"));
  EXPECT_EQ(RunWith({{"quiet", true}}, "doctor").exit_code, 0);
  EXPECT_THAT(
      RunWith({{"files", "x"}, {"to", "gloce"}, {"out", "y"}}, "convert").err,
      HasSubstr("--model is required"));
}

TEST_F(ConfigTest, RefusesWhatIsWrongAndNamesTheFile) {
  ExpectRefusal(R"({"modle": "x"})",
                "unknown key \"modle\"; did you mean "
                "\"model\"?");
  ExpectRefusal(R"({"config": "x"})", "unknown key \"config\"");
  ExpectRefusal(R"({"help": true})", "unknown key \"help\"");
  ExpectRefusal(R"({"steps": 0})", "--steps: got 0, expected");
  ExpectRefusal(R"({"steps": 1.5})", "--steps: got 1.5, expected");
  ExpectRefusal(R"({"steps": [1, 2]})",
                "steps: got a list, expected one value");
  ExpectRefusal(R"({"steps": null})", "steps: expected text or number");
  ExpectRefusal(R"({"steps": true})", "steps: expected text or number");
  ExpectRefusal(R"({"only": [["a"]]})", "only: expected text or number");
  ExpectRefusal(R"({"model": {"a": 1}})", "model: expected text or number");
  ExpectRefusal(R"({"model": "a\u0000b"})", "model: holds a NUL character");
  ExpectRefusal(R"({"quiet": 1})", "quiet: expected true or false");
  ExpectRefusal(R"({"scheduler": "heun"})", "expected one of: ddim");
  ExpectRefusal(R"({"seed": 1, "seed": 2})", "duplicate key \"seed\"");
  ExpectRefusal("{\n\"seed\": }", "line 2");
  ExpectRefusal("[1]", "expected an object");
  ExpectRefusal("", "not valid JSON");
  ExpectRefusal("{\"prompt\": \"\xff\"}", "not valid JSON");
}

TEST_F(ConfigTest, AMissingFileIsWrongUsage) {
  const ProgramResult result = RunProgram("inspect x --config nowhere.json");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--config: nowhere.json: "));
  EXPECT_EQ(RunProgram("inspect x --config " + folder_.path()).exit_code, 2);
}

// What the file leaves open is still required.
TEST_F(ConfigTest, DoesNotReplaceRequiredOptions) {
  const ProgramResult result = RunWith({{"steps", 2}}, "generate --prompt a");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--model is required"));
}

}  // namespace
}  // namespace gloce
