// gloce eval on small folders. The figures themselves are compared with Python
// in tests/scripts/eval_reference_test.py.
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

const std::string kModel = " --model " GLOCE_BUNDLES "/emoji";

class EvalTest : public testing::Test {
 protected:
  // Some pictures of the model with and without an eraser; made once.
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    WriteFileAtomically(*folder_ / "rows.csv",
                        "case_number,prompt,evaluation_seed\n"
                        "0,a picture of an owl,1\n1,a picture of a pizza,2\n"
                        "2,a picture of an owl and a pizza,3\n");
    ExpectDone("build" + kModel + " --erase owl --plan fast -q --out " +
               *folder_ / "owl.safetensors");
    Draw("plain", "");
    Draw("out", Erasers() + " --gate-maps");
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string Erasers() {
    return " --erasers " + *folder_ / "owl.safetensors";
  }
  static void Draw(const std::string& out, const std::string& options) {
    ExpectDone("generate" + kModel + " --steps 8 -q --prompts " +
               *folder_ / "rows.csv" + " --out " + *folder_ / out + options);
  }
  static void ExpectDone(const std::string& command) {
    const ProgramResult result = RunProgram(command);
    EXPECT_EQ(result.exit_code, 0) << command << '\n' << result.err;
  }
  static std::string Path(const std::string& name) { return *folder_ / name; }

  static json Eval(const std::string& options) {
    const ProgramResult result = RunProgram("eval --json" + kModel + options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out, nullptr, false);
  }
  // One line, and the exit code.
  static void ExpectRefusal(const std::string& options, int exit_code,
                            const std::string& message) {
    const ProgramResult result = RunProgram("eval " + options);
    EXPECT_EQ(result.exit_code, exit_code) << options << '\n' << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
        << result.err;
    EXPECT_EQ(result.out, "");
  }

  static TemporaryFolder* folder_;
};

TemporaryFolder* EvalTest::folder_ = nullptr;

TEST_F(EvalTest, WritesAReportAndItsFigures) {
  const std::string report = Path("report.html");
  const json figures = Eval(" --images " + Path("out") + " --before " +
                            Path("plain") + " --report " + report);
  EXPECT_EQ(figures["title"], "owl erased from emoji");
  EXPECT_EQ(figures["erased"], json({"owl"}));
  EXPECT_EQ(json::parse(ReadFile(Path("report.json"))), figures);
  EXPECT_THAT(ReadFile(Path("report.csv")), HasSubstr("erased,harmonic_mean,"));
  EXPECT_THAT(ReadFile(Path("report.png")), testing::StartsWith("\x89PNG"));
  const std::string page = ReadFile(report);
  EXPECT_THAT(page, HasSubstr("data:image/jpeg;base64,"));
  EXPECT_THAT(page, HasSubstr("\"gate_axes\":{\"layers\":["));
  for (const char* loads : {"src=\"http", "href=\"http", "url(http", "@import"})
    EXPECT_THAT(page, testing::Not(HasSubstr(loads)));
}

TEST_F(EvalTest, PrintsATableForPeople) {
  const ProgramResult result =
      RunProgram("eval" + kModel + " --images " + Path("out") + " --before " +
                 Path("plain"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, testing::ContainsRegex("Acc_e %.* n=2"));
  EXPECT_THAT(result.out, testing::ContainsRegex("H %"));
  EXPECT_EQ(RunProgram("eval -q" + kModel + " --images " + Path("out")).out,
            "");
}

TEST_F(EvalTest, RegionsComeFromTheDetectorOrFromGates) {
  const std::string folders =
      " --images " + Path("out") + " --before " + Path("plain");
  const auto inside = [](const json& figures) -> json {
    for (const json& figure : figures["figures"]) {
      if (figure["name"] == "changed_inside") return figure["n"];
    }
    return nullptr;
  };
  EXPECT_EQ(inside(Eval(folders)), 2);
  EXPECT_EQ(inside(Eval(folders + " --region none")), nullptr);
  EXPECT_EQ(inside(Eval(folders + " --region gates")), 2);
}

TEST_F(EvalTest, ComparesFolders) {
  const json figures =
      Eval(" --images " + Path("out") + " --before " + Path("plain") +
           " --compare same=" + Path("out") + " --erased pizza");
  EXPECT_EQ(figures["sets"].size(), 3u);
  EXPECT_EQ(figures["erased"], json({"pizza"}));
  json first, second;
  for (json figure : figures["figures"]) {
    const std::string set = figure["set"];
    figure.erase("set");
    if (set == "erased") first.push_back(figure);
    if (set == "same") second.push_back(figure);
  }
  EXPECT_EQ(first, second);
}

TEST_F(EvalTest, GateMapsThatAreMissingAreMadeAgain) {
  const std::string maps = Path("out/gates/0_0.st"), kept = ReadFile(maps);
  const std::string again = Erasers() + " --gate-maps";
  fs::remove(maps);
  Draw("out", again);
  EXPECT_EQ(ReadFile(maps), kept);
  // Nothing asks for them: a folder without them is right.
  fs::remove_all(Path("out/gates"));
  Draw("out", Erasers());
  EXPECT_FALSE(fs::exists(Path("out/gates")));
  Draw("out", again);
  EXPECT_EQ(ReadFile(maps), kept);
  EXPECT_FALSE(fs::exists(Path("plain/gates")));
}

TEST_F(EvalTest, RefusesWhatMakesNoSense) {
  const std::string images = " --images " + Path("out");
  ExpectRefusal("", 2, "--images is required");
  ExpectRefusal(images, 2, "nothing to measure with");
  ExpectRefusal(images + kModel + " --report report.txt", 2,
                "--report: got \"report.txt\", expected a name that ends in");
  ExpectRefusal(images + kModel + " --compare UCE", 2,
                "--compare: got \"UCE\", expected NAME=PATH");
  ExpectRefusal(images + kModel + " --compare before=x", 2, "is taken");
  ExpectRefusal(" --images nowhere" + kModel, 1, "nowhere: no such folder");
  ExpectRefusal(images + kModel + " --report nowhere/r.html", 1, "nowhere");
  ExpectRefusal(images + " --model nowhere", 1, "no such bundle folder");
  ExpectRefusal(images + " --features nowhere.json --before " + Path("plain"),
                1, "nowhere.json");
  MakeFolders(Path("other"));
  fs::copy_file(Path("out/0_0.png"), Path("other/x.png"),
                fs::copy_options::overwrite_existing);
  ExpectRefusal(images + kModel + " --before " + Path("other"), 1,
                "has no picture of a prompt and seed of");
}

TEST_F(EvalTest, TellsWhatTheDetectorDoesNotKnow) {
  const ProgramResult result = RunProgram("eval" + kModel + " --images " +
                                          Path("out") + " --erased zeppelin");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("has no label for: zeppelin"));
}

}  // namespace
}  // namespace gloce
