// --log-file, --log-level and --log-format.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/run_program.h"

namespace gloce {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

const std::string kModel = " --model " GLOCE_BUNDLES "/emoji ";

class LogTest : public testing::Test {
 protected:
  std::vector<json> Records() const {
    std::vector<json> records;
    std::istringstream lines(ReadFile(log_));
    for (std::string line; std::getline(lines, line);)
      records.push_back(json::parse(line));
    return records;
  }

  // A job with a column that is not used and a bad row.
  std::string Job() const {
    WriteFileAtomically(folder_ / "rows.csv",
                        "prompt,seed,mood\na cat,1,good\na fox,x,bad\n");
    return "generate" + kModel + "--steps 2 --prompts " +
           (folder_ / "rows.csv") + " --out " + (folder_ / "out") +
           " --log-file " + log_ + " ";
  }

  TemporaryFolder folder_;
  std::string log_ = folder_ / "logs/gloce.log";
};

TEST_F(LogTest, TextHasTimesLevelsAndWhatQuietHides) {
  const ProgramResult result = RunProgram(Job() + "--quiet");
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("columns not used")));
  const std::string log = ReadFile(log_);
  EXPECT_THAT(
      log.substr(0, log.find('\n')),
      MatchesRegex("20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:"
                   "[0-6][0-9]\\.[0-9][0-9][0-9]Z \\[[0-9]+\\] info: gloce "
                   "generate started .*"));
  EXPECT_THAT(log,
              AllOf(HasSubstr("info: "), HasSubstr("columns not used: mood"),
                    HasSubstr("warning: "), HasSubstr("line 3"),
                    HasSubstr("gloce generate ended exit_code=3"),
                    Not(HasSubstr("progress"))));
  // It is appended to.
  RunProgram(Job() + "--quiet");
  EXPECT_THAT(ReadFile(log_), testing::StartsWith(log));
  EXPECT_GT(ReadFile(log_).size(), log.size());
}

TEST_F(LogTest, JsonLinesHaveFields) {
  const ProgramResult result =
      RunProgram(Job() + "--json --log-format json --log-level debug");
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_NO_THROW(json::parse(result.out)) << "stdout has the result alone";
  const std::vector<json> records = Records();
  for (const json& record : records) {
    EXPECT_THAT(record.at("time").get<std::string>(), testing::EndsWith("Z"));
    EXPECT_GT(record.at("pid"), 0);
  }
  EXPECT_EQ(records.front()["message"], "gloce generate started");
  EXPECT_EQ(records.front()["options"]["steps"], json({"2"}));
  EXPECT_EQ(records.back()["message"], "gloce generate ended");
  EXPECT_EQ(records.back()["exit_code"], 3);
  const auto find = [&](const std::string& level) {
    const auto found =
        std::find_if(records.begin(), records.end(),
                     [&](const json& r) { return r["level"] == level; });
    return found == records.end() ? json() : *found;
  };
  EXPECT_EQ(find("warning")["line"], 3);
  EXPECT_EQ(find("debug")["message"], "progress");
  EXPECT_EQ(find("debug")["total"], 1);
}

TEST_F(LogTest, LevelsLeaveOutWhatIsLess) {
  RunProgram(Job() + "--quiet --log-format json --log-level warning");
  ASSERT_EQ(Records().size(), 1U);
  EXPECT_EQ(Records()[0]["level"], "warning");
}

TEST_F(LogTest, ErrorsThatEndTheProgramReachTheLog) {
  const std::string log = " --log-format json --log-file " + log_;
  EXPECT_EQ(RunProgram("inspect nowhere" + log).exit_code, 1);
  const auto records = Records();
  ASSERT_GE(records.size(), 2u);
  const json& error = records[records.size() - 2];
  EXPECT_EQ(error["level"], "error");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("nowhere"));
  EXPECT_EQ(records.back()["message"], "gloce inspect ended");
  EXPECT_EQ(records.back()["exit_code"], 1);
  // Wrong usage too, wherever it stands.
  EXPECT_EQ(RunProgram("inspect" + log + " a b").exit_code, 2);
  EXPECT_EQ(Records().back()["level"], "error");
  EXPECT_EQ(RunProgram("generate --steps 0" + log).exit_code, 2);
  EXPECT_THAT(ReadFile(log_), HasSubstr("--steps"));
}

// A message cannot forge a second line.
TEST_F(LogTest, ALineIsARecord) {
  const std::string name = "$(printf 'no\\nwhere')";
  RunProgram("inspect \"" + name + "\" --log-level error --log-file " + log_);
  const std::string log = ReadFile(log_);
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
}

TEST_F(LogTest, AFileThatCannotBeWrittenStopsBeforeAnyWork) {
  for (const std::string& path :
       {folder_.path(), std::string("/dev/null/x"), std::string("''")}) {
    const ProgramResult result =
        RunProgram("generate" + kModel + "--prompt a --out " +
                   (folder_ / "out") + " --log-file " + path);
    EXPECT_EQ(result.exit_code, 1) << path;
    EXPECT_THAT(result.err, testing::StartsWith("gloce: error: --log-file: "));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  }
}

TEST_F(LogTest, AFullDiskIsToldOnceAndTheWorkGoesOn) {
  const ProgramResult result =
      RunProgram("doctor --quiet --log-file /dev/full");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
      << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("gloce: warning: /dev/full: cannot be written"));
}

TEST_F(LogTest, LevelAndFormatNeedAFile) {
  EXPECT_EQ(RunProgram("inspect x --log-level debug").exit_code, 2);
  EXPECT_EQ(RunProgram("inspect x --log-format json").exit_code, 2);
  const ProgramResult result =
      RunProgram("inspect x --log-level loud --log-file " + log_);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("expected one of: debug, info"));
}

}  // namespace
}  // namespace gloce
