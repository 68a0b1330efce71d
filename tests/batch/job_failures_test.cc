// What a job does with pictures that cannot be made.
#include "batch/fake_job.h"
#include "error_text.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class JobFailuresTest : public FakeJob {};

TEST_F(JobFailuresTest, AFailedBatchIsListedAndTheRestIsMade) {
  const auto fail_seed_101 = [this](const std::vector<ImageSettings>& batch) {
    ++batches_;
    for (const ImageSettings& image : batch) {
      if (image.seed == 101) throw Error("out of memory");
    }
    return FakePictures(batch);
  };
  const JobSummary summary = RunJob(images_, settings_, fail_seed_101);
  EXPECT_EQ(summary.made, 7u);
  EXPECT_EQ(summary.failed, 3u);
  ASSERT_EQ(summary.failures.size(), 3u);
  EXPECT_EQ(summary.failures[0].file, "1_1.png");
  EXPECT_EQ(summary.failures[0].row, 1u);
  EXPECT_EQ(summary.failures[0].line, 3u);
  EXPECT_EQ(summary.failures[0].message, "out of memory");
  EXPECT_EQ(summary.failures[1].file, "3_0.png");
  EXPECT_EQ(Manifest().size(), 7u);
  EXPECT_EQ(Run().made, 3u);
  EXPECT_EQ(Files(), Undisturbed());
}

TEST_F(JobFailuresTest, AFailedPictureThatIsGoneKeepsNoLine) {
  Run();
  std::filesystem::remove(Out("1_1.png"));
  const JobSummary summary =
      RunJob(images_, settings_,
             [](const auto&) -> std::vector<Picture> { throw Error("no"); });
  EXPECT_EQ(summary.failed, 1u);
  EXPECT_EQ(summary.skipped, 9u);
  EXPECT_EQ(Manifest().size(), 9u);
}

TEST_F(JobFailuresTest, FailuresAreListedToALimitAndCounted) {
  images_.resize(1);
  for (size_t row = 1; row < 130; ++row) {
    images_.push_back(images_[0]);
    images_.back().row = row;
    images_.back().case_number = std::to_string(row);
  }
  const JobSummary summary = RunJob(
      images_, settings_,
      [](const auto&) -> std::vector<Picture> { throw Error("too large"); });
  EXPECT_EQ(summary.failed, 130u);
  EXPECT_EQ(summary.failures.size(), kMaxListedFailures);
}

// The lock's file under its upper-case name, as such a file system shows it.
TEST_F(JobFailuresTest, APictureFailsAlone) {
  const auto fail_seed_101 = [](const std::vector<ImageSettings>& batch) {
    std::vector<Picture> pictures = FakePictures(batch);
    for (size_t i = 0; i < batch.size(); ++i) {
      if (batch[i].seed != 101) continue;
      pictures[i] = {};
      pictures[i].failure = "not finite";
    }
    return pictures;
  };
  const JobSummary summary = RunJob(images_, settings_, fail_seed_101);
  EXPECT_EQ(summary.made, 9u);
  ASSERT_EQ(summary.failures.size(), 1u);
  EXPECT_EQ(summary.failures[0].file, "1_1.png");
  EXPECT_EQ(summary.failures[0].line, 3u);
  EXPECT_THAT(notices_,
              ElementsAre("p.csv: line 3: 1_1.png failed: not finite"));
  EXPECT_EQ(Run().made, 1u);
  EXPECT_EQ(Files(), Undisturbed());
}

TEST_F(JobFailuresTest, APictureOfOtherSettingsThatCannotBeReplacedHasNoLine) {
  Run();
  settings_.facts.steps = 51;
  const JobSummary summary =
      RunJob(images_, settings_,
             [](const auto&) -> std::vector<Picture> { throw Error("no"); });
  EXPECT_EQ(summary.failed, 10u);
  EXPECT_EQ(Manifest().size(), 0u);
}

TEST_F(JobFailuresTest, WrongPicturesAreABugNotAFailedBatch) {
  EXPECT_THROW(RunJob(images_, settings_,
                      [](const auto&) { return std::vector<Picture>(); }),
               std::logic_error);
  EXPECT_THROW(RunJob(images_, settings_,
                      [](const auto& batch) {
                        auto pictures = FakePictures(batch);
                        pictures[0].rgb.pop_back();
                        return pictures;
                      }),
               std::logic_error);
}

}  // namespace
}  // namespace gloce
