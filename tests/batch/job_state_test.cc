// What SurveyJob foretells is what RunJob then does.
#include "batch/job_state.h"

#include "batch/fake_job.h"

namespace gloce {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class JobStateTest : public FakeJob {
 protected:
  // Surveys the job, runs it and compares.
  JobSurvey SurveyAndRun() {
    const JobSurvey survey = SurveyJob(images_, settings_);
    const JobSummary summary = Run();
    EXPECT_EQ(survey.there, summary.skipped);
    EXPECT_EQ(survey.to_make(), summary.made);
    EXPECT_EQ(survey.batches.size(), static_cast<size_t>(batches_));
    return survey;
  }
};

TEST_F(JobStateTest, ANewJobIsAllToMakeAndNothingIsWritten) {
  EXPECT_THAT(SurveyJob(images_, settings_).batches, SizeIs(4));
  EXPECT_FALSE(std::filesystem::exists(settings_.out_folder));
  const JobSurvey survey = SurveyAndRun();
  EXPECT_EQ(survey.total, 10u);
  EXPECT_EQ(survey.there, 0u);
  EXPECT_EQ(survey.made_again, 0u);
}

TEST_F(JobStateTest, AFinishedJobIsAllThere) {
  Run();
  const JobSurvey survey = SurveyAndRun();
  EXPECT_EQ(survey.there, 10u);
  EXPECT_THAT(survey.batches, IsEmpty());
  EXPECT_EQ(survey.bytes, 0);
  settings_.overwrite = true;
  EXPECT_EQ(SurveyAndRun().made_again, 10u);
}

TEST_F(JobStateTest, WhatIsWrongIsMadeAgainAndWhatIsTornStaysAsItIs) {
  Run();
  std::filesystem::remove(Out("0_0.png"));
  const std::string png = ReadFile(Out("4_1.png"));
  WriteFileAtomically(Out("4_1.png"), png.substr(0, png.size() / 2));
  auto records = Manifest();
  records[4].steps = 20;
  WriteManifest(records);
  WriteFileAtomically(Out("manifest.jsonl"),
                      ReadFile(Out("manifest.jsonl")) + "{\"file\": \"to");
  const auto before = ReadFile(Out("manifest.jsonl"));
  const JobSurvey survey = SurveyJob(images_, settings_);
  EXPECT_EQ(ReadFile(Out("manifest.jsonl")), before);
  EXPECT_EQ(survey.there, 7u);
  EXPECT_EQ(survey.made_again, 2u);
  SurveyAndRun();
}

TEST_F(JobStateTest, AShardIsSurveyedAlone) {
  settings_.num_shards = 2;
  size_t total = 0;
  for (settings_.shard = 1; settings_.shard <= 2; ++settings_.shard) {
    total += SurveyAndRun().total;
  }
  EXPECT_EQ(total, 10u);
}

// The made-up pictures are noise, which nothing compresses.
TEST_F(JobStateTest, NoJobWritesMoreThanIsSaid) {
  for (JobImage& image : images_) {
    image.settings.width = 128;
    image.settings.height = 64;
  }
  const int64_t bytes = SurveyAndRun().bytes;
  int64_t written = 0;
  for (const auto& [name, content] : Files()) {
    written += static_cast<int64_t>(content.size());
  }
  EXPECT_LE(written, bytes);
  EXPECT_GE(written, bytes * 3 / 4) << "the bound is far too high";
}

TEST_F(JobStateTest, AllCollisionsAreListed) {
  settings_.filename_template = "{case_number}.png";
  const JobSurvey survey = SurveyJob(images_, settings_);
  ASSERT_THAT(survey.collisions, SizeIs(5));
  EXPECT_EQ(survey.collisions[3].index, 3u);
  EXPECT_THAT(survey.collisions[3].message,
              HasSubstr("p.csv: line 5: images 0 and 1 of case 3 (line 5) "
                        "would both be \"3.png\""));
  EXPECT_FAILS_AS(UsageError, Run(), survey.collisions[0].message);
}

TEST_F(JobStateTest, AFileInTheFoldersPlaceIsAnError) {
  WriteFileAtomically(settings_.out_folder, "x");
  EXPECT_FAILS(SurveyJob(images_, settings_), HasSubstr("is not a folder"));
}

}  // namespace
}  // namespace gloce
