#include "cli/attack_pictures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/run_manifest.h"
#include "error_text.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RunRecord RecordOf(const std::string& file) {
  RunRecord record;
  record.file = file;
  record.scheduler = "ddim";
  record.steps = 1;
  record.width = record.height = 1;
  return record;
}

std::vector<PromptRow> Rows() {
  std::vector<PromptRow> rows(3);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].case_number = "name-" + std::to_string(i);
    rows[i].num_images = 2;
  }
  return rows;
}

class DrawnPicturesTest : public testing::Test {
 protected:
  // The manifest has lines of all rows, and of one of an earlier run.
  void SetUp() override {
    std::string lines = ToJsonLine(RecordOf("name-7_0.png")) + "\n";
    for (const auto& [file, row] : FilesOfRows(Rows()))
      lines += ToJsonLine(RecordOf(file)) + "\n";
    WriteFileAtomically(folder_ / "manifest.jsonl", lines);
  }
  void Summarise(const std::string& failures, const std::string& bad_rows,
                 int made = 1) {
    WriteFileAtomically(folder_ / "summary.json",
                        "{\"made\": " + std::to_string(made) +
                            ", \"skipped\": 0, \"failures\": " + failures +
                            ", \"bad_rows\": " + bad_rows + "}");
  }
  std::vector<std::string> Drawn() {
    std::vector<std::string> files;
    for (const ListedPicture& picture :
         DrawnPictures("after", folder_.path(), FilesOfRows(Rows())).pictures) {
      files.push_back(picture.file);
    }
    return files;
  }

  TemporaryFolder folder_;
};

constexpr const char* kNone = R"({"count": 0, "listed": []})";

TEST_F(DrawnPicturesTest, LinesOfOtherRunsAreLeftOut) {
  Summarise(kNone, kNone);
  EXPECT_THAT(Drawn(),
              ElementsAre("name-0_0.png", "name-0_1.png", "name-1_0.png",
                          "name-1_1.png", "name-2_0.png", "name-2_1.png"));
}

// Once their lines, and old pictures, were judged as this run's.
TEST_F(DrawnPicturesTest, WhatFailedIsLeftOut) {
  Summarise(R"({"count": 1, "listed": [{"file": "name-0_1.png"}]})",
            R"({"count": 1, "listed": [{"row": 2}]})");
  EXPECT_THAT(Drawn(),
              ElementsAre("name-0_0.png", "name-1_0.png", "name-1_1.png"));
  Summarise(kNone, R"({"count": 101, "listed": [{"row": 2}]})");
  EXPECT_THAT(ErrorText([&] { Drawn(); }), HasSubstr("101 rows are bad"));
}

TEST_F(DrawnPicturesTest, ARunThatDrewNothingHasNone) {
  Summarise(kNone, kNone, 0);
  EXPECT_THAT(Drawn(), IsEmpty());
  Summarise(kNone, kNone);
  ForgetSummary(folder_.path());
  EXPECT_THAT(Drawn(), IsEmpty());
  ForgetSummary(folder_.path());  // there is none, and no error
  ForgetSummary(folder_ / "nowhere");
}

}  // namespace
}  // namespace gloce
