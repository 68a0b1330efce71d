// gloce eval attack on the demo bundle, with few pictures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/folder_lock.h"
#include "cli/run_program.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

const std::string kModel = " --model " GLOCE_BUNDLES "/emoji";

class EvalAttackTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    const ProgramResult built =
        RunProgram("build" + kModel +
                   " --erase owl --erase pizza --plan fast "
                   "--num-seeds 1 -q --out " +
                   *folder_ / "erasers.safetensors");
    ASSERT_EQ(built.exit_code, 0) << built.err;
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string Path(const std::string& name) { return *folder_ / name; }
  static std::string Command(const std::string& options) {
    return "eval attack" + kModel + " --erasers " +
           Path("erasers.safetensors") +
           " --scheduler dpmpp_2m --steps 10 --guidance 5 " + options;
  }
  static void ExpectRefusal(const std::string& command, int exit_code,
                            const std::string& message) {
    const ProgramResult result = RunProgram(command);
    EXPECT_EQ(result.exit_code, exit_code) << command << '\n' << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
        << result.err;
    EXPECT_EQ(result.out, "");
  }

  static TemporaryFolder* folder_;
};

TemporaryFolder* EvalAttackTest::folder_ = nullptr;

TEST_F(EvalAttackTest, DrawsBeforeAndAfterAndCounts) {
  const std::string options =
      "--kind name --kind misspelling --num-prompts 2 "
      "--num-images 1 --out " +
      Path("attack");
  const ProgramResult result =
      RunProgram(Command(options + " --json --report " + Path("r.html")));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json document = json::parse(result.out, nullptr, false);
  EXPECT_EQ(json::parse(ReadFile(Path("attack/attack.json"))), document);
  EXPECT_EQ(document["format"], "gloce-attack");
  const json& name = document["figures"][0];
  EXPECT_EQ(name["kind"], "name");
  EXPECT_EQ(name["pictures"], 2);
  EXPECT_EQ(name["before"]["value"], 1.0) << "the model knows both";
  EXPECT_LT(name["after"]["value"], 1.0) << "the erasers are at work";
  for (const bool erases : {false, true}) {
    const std::string folder = erases ? "attack/after" : "attack/before";
    std::istringstream lines(ReadFile(Path(folder + "/manifest.jsonl")));
    size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count)
      EXPECT_EQ(json::parse(line)["erasers"] != "", erases) << line;
    EXPECT_EQ(count, 6U);
  }
  EXPECT_EQ(document["figures"][1]["pictures"], 4);

  const std::string table = ReadFile(Path("attack/attack.csv"));
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 7);
  EXPECT_THAT(table,
              HasSubstr("name-0_0.png,name,owl,,a picture of an owl,0,1,"));
  EXPECT_THAT(ReadFile(Path("attack/prompts.csv")),
              HasSubstr("name-0,a picture of an owl,,0,,,,1,owl\r\n"));
  EXPECT_THAT(ReadFile(Path("r.html")), HasSubstr("data:image/jpeg;base64,"));
  const std::string report = ReadFile(Path("r.csv"));
  EXPECT_THAT(report, HasSubstr("before,attack: name,1.0,"));
  EXPECT_THAT(report, Not(HasSubstr("erased_accuracy")))
      << "it counts other things than the attacks' figures";

  // What is there is not drawn again, and eval judges the folders alike.
  const auto written = fs::last_write_time(Path("attack/after/name-0_0.png"));
  const ProgramResult again = RunProgram(Command(options));
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("before %"));
  EXPECT_THAT(again.out, HasSubstr("6 were there already"));
  EXPECT_EQ(fs::last_write_time(Path("attack/after/name-0_0.png")), written);
  const json judged = json::parse(
      RunProgram("eval --json" + kModel + " --images " + Path("attack/before") +
                 " --table " + Path("attack/prompts.csv") +
                 " --erased owl --erased pizza")
          .out);
  double shown = 0;
  for (const json& figure : document["figures"]) {
    if (figure["concept"].is_null())
      shown += figure["before"]["value"].get<double>() *
               figure["pictures"].get<double>();
  }
  EXPECT_EQ(judged["figures"][0]["name"], "erased_accuracy");
  EXPECT_NEAR(judged["figures"][0]["value"].get<double>(), shown / 6, 1e-12);
}

TEST_F(EvalAttackTest, ListsAreKindsOfTheirOwn) {
  WriteFileAtomically(Path("found.csv"),
                      "adv_prompt,sd_seed,asked\n"
                      "a picture of an owl,5,owl\n"
                      "\"owl, pizza\",6,\n"
                      "a picture of a cat,7,cat\n");
  const ProgramResult result = RunProgram(
      Command("-q --num-images 1 --columns prompt=adv_prompt --prompts " +
              Path("found.csv") + " --out " + Path("lists")));
  EXPECT_EQ(result.exit_code, 3) << "a row asks for what was not erased";
  EXPECT_THAT(result.err,
              HasSubstr("line 4: asked: got \"cat\", expected a concept of the "
                        "erasers: owl, pizza"));
  const std::string table = ReadFile(Path("lists/attack.csv"));
  EXPECT_THAT(table,
              HasSubstr("found-0_0.png,found,owl,0,a picture of an owl,5,1,0"));
  EXPECT_THAT(table,
              ContainsRegex("found,owl; pizza,1,\"owl, pizza\",6,1,[01]"));
}

// The second run's "before" was once the first's: pictures of one prompt and
// seed, of another name, that stand first in the folder's manifest.
TEST_F(EvalAttackTest, PicturesOfAnEarlierRunDoNotCount) {
  const std::string out =
      " --num-prompts 1 --num-images 1 -q --out " + Path("twice");
  const ProgramResult first = RunProgram(
      "eval attack" + kModel + " --erasers " + Path("erasers.safetensors") +
      " --scheduler dpmpp_2m --steps 1 --guidance 1 --kind "
      "misspelling --kind name" +
      out);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const json noise = json::parse(ReadFile(Path("twice/attack.json")));
  ASSERT_EQ(noise["figures"][1]["kind"], "name");
  ASSERT_LT(noise["figures"][1]["before"]["value"], 1.0)
      << "a single step shows nothing, else this test tells nothing";
  const ProgramResult second = RunProgram(Command("--kind name" + out));
  ASSERT_EQ(second.exit_code, 0) << second.err;
  const json document = json::parse(ReadFile(Path("twice/attack.json")));
  EXPECT_EQ(document["figures"][0]["pictures"], 2);
  EXPECT_EQ(document["figures"][0]["before"]["value"], 1.0);
  const std::string table = ReadFile(Path("twice/attack.csv"));
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3);
}

TEST_F(EvalAttackTest, LabelsSayWhatCountsAndReportsMayLieInTheFolder) {
  // On a first run, whose folder is not there yet.
  const ProgramResult result = RunProgram(
      Command("--kind name --num-images 1 --json --label owl=cat"
              " --out " +
              Path("labels") + " --report " + Path("labels/page.html")));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json document = json::parse(result.out);
  EXPECT_EQ(document["figures"][0]["before"]["value"], 0.5)
      << "the owl is no cat";
  EXPECT_TRUE(fs::exists(Path("labels/page.html")));
  EXPECT_THAT(ReadFile(Path("labels/prompts.csv")), HasSubstr(",1,cat\r\n"));

  const FolderLock lock(Path("labels"));
  ExpectRefusal(Command("--kind name --out " + Path("labels")), 1,
                "another gloce process is writing here");
}

// They were noticed only after all pictures before had been drawn.
TEST_F(EvalAttackTest, ErasersOfAnotherModelAreRefusedFirst) {
  std::string bytes = ReadFile(Path("erasers.safetensors"));
  const json bundle = json::parse(ReadFile(GLOCE_BUNDLES "/emoji/bundle.json"));
  const std::string identity = bundle["model_identity"];
  const size_t at = bytes.find(identity);
  ASSERT_NE(at, bytes.npos);
  bytes[at] = bytes[at] == '0' ? '1' : '0';
  WriteFileAtomically(Path("other.safetensors"), bytes);
  ExpectRefusal("eval attack" + kModel + " --erasers " +
                    Path("other.safetensors") + " --out " + Path("other"),
                1, "other.safetensors: ");
  EXPECT_FALSE(fs::exists(Path("other")));
}

TEST_F(EvalAttackTest, RefusesWhatMakesNoSense) {
  const std::string out = "--out " + Path("refused");
  ExpectRefusal("eval attack", 2, "(see gloce eval attack --help)");
  ExpectRefusal("eval --images x attack" + kModel + " --erasers x --out y", 2,
                "eval attack: --images stands before attack");
  ExpectRefusal(Command(out + " --kind slander"), 2, "--kind");
  ExpectRefusal(Command(out + " --label owl="), 2,
                "--label: got \"owl=\", expected NAME=LABEL");
  ExpectRefusal(Command(out + " --label cat=cat"), 2,
                "the erasers have no concept \"cat\"; they have: owl, pizza");
  ExpectRefusal(Command(out + " --label 'owl=bird of prey'"), 2,
                "the detector has no label \"bird of prey\"");
  for (const std::string name : {"attack", "prompts", "after/name-0_0"}) {
    ExpectRefusal(
        Command(out + " --report " + Path("refused/" + name + ".html")), 2,
        "in the way of this command's own files");
  }
  ExpectRefusal(Command(out + " --seed 9223372036854775807"), 2, "--seed: ");
  ExpectRefusal("eval attack" + kModel +
                    " --erasers nowhere --guidance 1 --negative-prompt x " +
                    out,
                2, "a negative prompt has no effect");
  ExpectRefusal("eval attack --model " GLOCE_BUNDLES "/sd1 --erasers " +
                    Path("erasers.safetensors") + " " + out,
                2, "the bundle has no detector");
  ExpectRefusal(Command(out + " --prompts " + Path("nowhere.csv")), 1,
                "nowhere.csv");
  EXPECT_FALSE(fs::exists(Path("refused")));
}

}  // namespace
}  // namespace gloce
