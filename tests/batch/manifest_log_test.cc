#include "batch/manifest_log.h"

#include <optional>

#include "base/file.h"
#include "testing.h"

namespace gloce {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

RunRecord Record(const std::string& file, double seconds = 0) {
  RunRecord record;
  record.file = file;
  record.prompt = "a cat";
  record.scheduler = "pndm";
  record.steps = 50;
  record.width = record.height = 64;
  record.seconds = seconds;
  return record;
}

std::string Line(const std::string& file, double seconds = 0) {
  return ToJsonLine(Record(file, seconds)) + "\n";
}

class ManifestLogTest : public ::testing::Test {
 protected:
  // Opens the log and collects the files of the records that it holds.
  void Open() {
    log_.reset();
    seen_.clear();
    log_.emplace(path_, [this](const RunRecord& record) {
      seen_.push_back(record.file);
    });
    log_->Open();
  }

  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "manifest.jsonl";
  std::optional<ManifestLog> log_;
  std::vector<std::string> seen_;
};

TEST_F(ManifestLogTest, AppendsWholeLines) {
  Open();
  log_->Append(Record("a.png"));
  EXPECT_EQ(ReadFile(path_), Line("a.png"));
  log_->Append(Record("b.png"));
  log_->Sync();
  Open();
  EXPECT_THAT(seen_, ElementsAre("a.png", "b.png"));
  log_->Append(Record("c.png"));
  EXPECT_EQ(ReadFile(path_), Line("a.png") + Line("b.png") + Line("c.png"));
}

TEST_F(ManifestLogTest, CutsOffATornLastLine) {
  const std::string whole = Line("a.png") + Line("b.png");
  const std::string torn = Line("c.png");
  for (size_t size = 0; size < torn.size(); ++size) {
    WriteFileAtomically(path_, whole + torn.substr(0, size));
    Open();
    EXPECT_THAT(seen_, ElementsAre("a.png", "b.png"));
    EXPECT_EQ(ReadFile(path_), whole);
    log_->Append(Record("c.png"));
    EXPECT_EQ(ReadFile(path_), whole + torn);
  }
}

TEST_F(ManifestLogTest, ReadingChangesNothing) {
  const ManifestLog missing(path_, [](const RunRecord&) {});
  EXPECT_FALSE(std::filesystem::exists(path_));
  const std::string torn = Line("a.png") + "{";
  WriteFileAtomically(path_, torn);
  const ManifestLog log(path_, [](const RunRecord&) {});
  EXPECT_EQ(ReadFile(path_), torn);
}

TEST_F(ManifestLogTest, NoticesThatItsFileIsNotInPlace) {
  Open();
  log_->Append(Record("a.png"));
  log_->Sync();
  WriteFileAtomically(path_, Line("b.png"));
  EXPECT_FAILS(log_->Sync(), HasSubstr("was removed or replaced"));
  std::filesystem::remove(path_);
  EXPECT_FAILS(log_->CheckInPlace(), HasSubstr("was removed or replaced"));
}

TEST_F(ManifestLogTest, OtherDamageIsAnErrorThatNamesTheLine) {
  WriteFileAtomically(path_, Line("a.png") + "garbage\n" + Line("b.png"));
  EXPECT_FAILS(Open(), AllOf(StartsWith(path_ + ": line 2: not valid JSON"),
                             HasSubstr("delete the line")));
}

TEST_F(ManifestLogTest, RefusesWhatIsNoFile) {
  MakeFolders(path_);
  EXPECT_FAILS(Open(), HasSubstr("is not a regular file"));
}

TEST_F(ManifestLogTest, CompactKeepsTheLastLineOfEachInTheJobsOrder) {
  WriteFileAtomically(path_, Line("b.png", 1) + Line("other.png") +
                                 Line("b.png", 2) + Line("gone.png") +
                                 Line("a.png"));
  Open();
  log_->Append(Record("other2.png"));
  log_->Drop("gone.png");
  log_->Compact({"a.png", "missing.png", "b.png", "gone.png"});
  EXPECT_EQ(ReadFile(path_), Line("other.png") + Line("other2.png") +
                                 Line("a.png") + Line("b.png", 2));
}

TEST_F(ManifestLogTest, CompactLeavesATidyFileAlone) {
  WriteFileAtomically(path_, Line("a.png") + Line("other.png") + Line("b.png"));
  const auto before = std::filesystem::last_write_time(path_);
  const std::string bytes = ReadFile(path_);
  std::filesystem::create_hard_link(path_, folder_ / "same");
  Open();
  log_->Compact({"a.png", "b.png"});
  EXPECT_EQ(ReadFile(path_), bytes);
  EXPECT_EQ(std::filesystem::last_write_time(path_), before);
  EXPECT_TRUE(std::filesystem::equivalent(path_, folder_ / "same"));
}

}  // namespace
}  // namespace gloce
