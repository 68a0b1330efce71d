// configs/examples/: each runs as it stands, and what it says of the defaults
// is true.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>

#include "cli/run_program.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kExamples = GLOCE_MODELS "/../configs/examples";

class ConfigExamplesTest : public testing::Test {
 protected:
  // The example with every commented setting switched on.
  std::string WithDefaults(const std::string& name) {
    std::string text = ReadFile(kExamples + "/" + name);
    const std::regex commented(R"(\n  // ("[a-z-]+": [^\n]*[^,\n]),?(?=\n))");
    size_t settings = 0;
    for (std::sregex_iterator it(text.begin(), text.end(), commented), end;
         it != end; ++it) {
      ++settings;
    }
    EXPECT_GE(settings, 4u) << name;
    text = std::regex_replace(text, commented, "\n  $1,");
    WriteFileAtomically(folder_ / name, text);
    return folder_ / name;
  }

  void Build() {
    const json built = Run("build" + model_ + " --out " + erasers_ +
                           " --config " + kExamples + "/build.json");
    EXPECT_EQ(built["concepts"].size(), 1u);
  }

  json Draw(const std::string& config, const std::string& out,
            const std::string& options) {
    return Run("generate" + model_ + " --erasers " + erasers_ + " --prompts " +
               kExamples + "/prompts.csv --log-file " + (folder_ / "job.log") +
               " --out " + (folder_ / out) + " --config " + config + " " +
               options);
  }

  json Run(const std::string& command) {
    const ProgramResult result = RunProgram(command + " --json");
    EXPECT_EQ(result.exit_code, 0) << command << '\n' << result.err;
    return json::parse(result.out, nullptr, false);
  }

  std::string model_ = " --model " GLOCE_BUNDLES "/emoji";
  TemporaryFolder folder_;
  const std::string erasers_ = folder_ / "erasers.safetensors";
};

// Build, draw, evaluate, each by its example but for where files lie.
TEST_F(ConfigExamplesTest, RunOneAfterTheOther) {
  Build();
  EXPECT_EQ(Draw(kExamples + "/generate.json", "out", "--steps 6")["made"], 4);
  EXPECT_EQ(Draw(kExamples + "/generate.json", "plain",
                 "--steps 6 --strength 0")["made"],
            4);
  const std::string report = folder_ / "report.html";
  const json figures = Run("eval" + model_ + " --images " + (folder_ / "out") +
                           " --before " + (folder_ / "plain") + " --report " +
                           report + " --config " + kExamples + "/eval.json");
  EXPECT_EQ(figures["erased"], json({"owl"}));
  EXPECT_TRUE(fs::exists(report));
}

TEST_F(ConfigExamplesTest, CommentedSettingsOfBuildAreTheDefaults) {
  const std::string build = "build --dry-run" + model_ + " --config ";
  const json open = Run(build + kExamples + "/build.json");
  const json written = Run(build + WithDefaults("build.json"));
  for (const char* key : {"concepts", "passes"}) {  // times are measured
    ASSERT_TRUE(open.contains(key)) << key;
    EXPECT_EQ(open[key], written[key]);
  }
}

// On a network of a few thousand weights, for a picture takes its 50 steps.
TEST_F(ConfigExamplesTest, CommentedSettingsOfGenerateAreTheDefaults) {
  model_ = " --model " GLOCE_BUNDLES "/sd1";
  Run("build" + model_ + " --out " + erasers_ +
      " --erase owl --mapping \"a picture of a tree\" --surrogate \"a "
      "picture\" --anchors dog --anchors bear --num-seeds 1 --steps 4 "
      "--window 0:2 --gate-start 0");
  WithDefaults("generate.json");
  EXPECT_EQ(Draw(kExamples + "/generate.json", "open", "")["made"], 4);
  EXPECT_EQ(Draw(folder_ / "generate.json", "written", "")["made"], 4);
  for (const char* file : {"0_0.png", "1_0.png", "1_1.png", "2_0.png"}) {
    EXPECT_EQ(ReadFile(folder_ / ("open/" + std::string(file))),
              ReadFile(folder_ / ("written/" + std::string(file))))
        << file;
  }
}

}  // namespace
}  // namespace gloce
