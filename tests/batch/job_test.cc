#include "gloce/batch/job.h"

#include "batch/fake_job.h"
#include "batch/job_state.h"
#include "batch/parameters_text.h"
#include "batch/png_reader.h"

namespace gloce {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using JobTest = FakeJob;

TEST_F(JobTest, MakesEveryPictureWithItsTextAndItsLine) {
  std::vector<JobProgress> progress;
  settings_.progress = [&](const JobProgress& p) { progress.push_back(p); };
  const JobSummary summary = Run();
  EXPECT_EQ(summary.made, 10u);
  EXPECT_EQ(summary.skipped, 0u);
  EXPECT_EQ(summary.failed, 0u);
  EXPECT_EQ(batches_, 4);
  EXPECT_THAT(notices_, IsEmpty());
  std::vector<size_t> made;
  for (const JobProgress& p : progress) {
    made.push_back(p.made);
    EXPECT_EQ(p.total, 10u);
  }
  EXPECT_THAT(made, ElementsAre(0, 3, 6, 8, 10));

  const std::vector<RunRecord> records = Manifest();
  ASSERT_EQ(records.size(), 10u);
  for (size_t k = 0; k < 10; ++k) {
    const RunRecord& record = records[k];
    const ImageSettings& image = images_[k].settings;
    EXPECT_EQ(record.file,
              images_[k].case_number + "_" + std::to_string(k % 2) + ".png");
    EXPECT_EQ(record.prompt, image.prompt);
    EXPECT_EQ(record.seed, image.seed);
    EXPECT_EQ(record.width, image.width);
    EXPECT_EQ(record.scheduler, "pndm");
    EXPECT_THAT(record.concepts, ElementsAre("cat", "fox"));
    EXPECT_EQ(record.gate_activity.at("cat"), k % 2 == 0 ? 0.25 : 0.75);
    const PngInfo png = ReadPng(ReadFile(Out(record.file)), record.file);
    EXPECT_EQ(png.width, image.width);
    EXPECT_EQ(*png.Text("parameters"), ParametersText(record));
  }
  EXPECT_EQ(Files().size(), 11u) << "pictures and manifest, nothing else";
}

// The second batch is not ready before the first one's pictures are there.
TEST_F(JobTest, PicturesAreWrittenWhileTheNextBatchIsSampled) {
  const JobSummary summary =
      RunJob(images_, settings_, [this](const auto& batch) {
        if (++batches_ == 2) WaitForBatchesBefore(2);
        return FakePictures(batch);
      });
  EXPECT_EQ(summary.made, 10u);
}

TEST_F(JobTest, BatchesShareSizeGuidanceAndChoice) {
  images_[7].settings.guidance_scale = 3;
  images_[1].settings.choice = 0;
  images_[8].settings.choice = 0;
  settings_.facts.choices = {{"", {}}};
  std::vector<std::vector<int64_t>> seeds;
  RunJob(images_, settings_, [&](const std::vector<ImageSettings>& batch) {
    seeds.emplace_back();
    for (const ImageSettings& image : batch) {
      seeds.back().push_back(image.seed);
    }
    return FakePictures(batch);
  });
  EXPECT_THAT(seeds, ElementsAre(ElementsAre(0, 100, 101), ElementsAre(1, 400),
                                 ElementsAre(200, 201), ElementsAre(300, 401),
                                 ElementsAre(301)));
}

TEST_F(JobTest, RecordsTellWhatIsErasedFromEachPicture) {
  settings_.facts.strength = 0.5;
  settings_.facts.choices = {{"0f0f", {"fox"}}, {"", {}}};
  images_[2].settings.choice = 0;
  images_[3].settings.choice = 1;
  Run();
  const std::vector<RunRecord> records = Manifest();
  EXPECT_EQ(records[1].erasers, "4567cdef");
  EXPECT_THAT(records[1].concepts, ElementsAre("cat", "fox"));
  EXPECT_EQ(records[2].erasers, "0f0f");
  EXPECT_THAT(records[2].concepts, ElementsAre("fox"));
  EXPECT_EQ(records[2].strength, 0.5);
  EXPECT_EQ(records[3].erasers, "");
  EXPECT_THAT(records[3].concepts, IsEmpty());
  EXPECT_EQ(records[3].strength, 1) << "as of a job without erasers";
  for (const RunRecord& record : records) {
    const PngInfo png = ReadPng(ReadFile(Out(record.file)), record.file);
    EXPECT_EQ(*png.Text("parameters"), ParametersText(record));
  }
  EXPECT_EQ(Run().skipped, 10u);
  // Another choice makes the picture, and its batch, again.
  images_[2].settings.choice.reset();
  EXPECT_EQ(Run().made, 1u);
}

TEST_F(JobTest, ASecondRunSkipsEverything) {
  Run();
  const auto before = Files();
  const std::string manifest = ReadFile(Out("manifest.jsonl"));
  const JobSummary summary = Run();
  EXPECT_EQ(summary.skipped, 10u);
  EXPECT_EQ(summary.made, 0u);
  EXPECT_EQ(batches_, 0);
  EXPECT_THAT(notices_, IsEmpty());
  EXPECT_EQ(Files(), before);
  EXPECT_EQ(ReadFile(Out("manifest.jsonl")), manifest);
}

TEST_F(JobTest, OnlyMissingFilesOfABatchAreWritten) {
  Run();
  const auto before = Files();
  const auto written = std::filesystem::last_write_time(Out("0_0.png"));
  std::filesystem::remove(Out("0_1.png"));
  std::filesystem::remove(Out("4_1.png"));
  const JobSummary summary = Run();
  EXPECT_EQ(summary.made, 2u);
  EXPECT_EQ(summary.skipped, 8u);
  EXPECT_EQ(batches_, 2) << "the batch of three and the last one";
  EXPECT_EQ(Files(), before);
  EXPECT_EQ(std::filesystem::last_write_time(Out("0_0.png")), written);
}

TEST_F(JobTest, OverwriteMakesEverythingAgain) {
  Run();
  const auto before = Files();
  settings_.overwrite = true;
  const JobSummary summary = Run();
  EXPECT_EQ(summary.made, 10u);
  EXPECT_EQ(summary.skipped, 0u);
  EXPECT_EQ(batches_, 4);
  EXPECT_EQ(Files(), before);
}

TEST_F(JobTest, ChangedSettingsAreNoticedAndRedone) {
  Run();
  images_[4].settings.prompt = "another";
  EXPECT_EQ(Run().made, 1u);
  EXPECT_THAT(notices_,
              ElementsAre(Out("2_0.png") +
                          ": was made with other settings; it is made again"));
  const auto changed = Files();
  std::filesystem::remove_all(settings_.out_folder);
  Run();
  // 2_1 was right and stays as its batch was then; all else is as if made now.
  auto expected = Files();
  expected["2_1.png"] = changed.at("2_1.png");
  EXPECT_EQ(changed, expected);

  settings_.facts.erasers = "89ab";
  EXPECT_EQ(Run().made, 10u);
  settings_.facts.dtype = "bfloat16";
  EXPECT_EQ(Run().made, 10u);
  EXPECT_EQ(Run().made, 0u);
}

TEST_F(JobTest, ManyNoticesAreSummedUp) {
  for (size_t row = 5; row < 15; ++row) {
    JobImage image = images_[0];
    image.row = row;
    image.case_number = std::to_string(row);
    images_.push_back(image);
  }
  Run();
  settings_.facts.steps = 20;
  EXPECT_EQ(Run().made, 20u);
  ASSERT_EQ(notices_.size(), 11u);
  EXPECT_EQ(notices_.back(), "and 10 more files that are made again");
}

TEST_F(JobTest, ShardsMakeTheSamePictures) {
  Run();
  auto whole = Files();
  whole.erase("manifest.jsonl");
  std::map<std::string, std::string> parts;
  std::vector<size_t> made;
  for (settings_.num_shards = 3, settings_.shard = 1; settings_.shard <= 3;
       ++settings_.shard) {
    settings_.out_folder = folder_ / std::to_string(settings_.shard);
    made.push_back(Run().made);
    for (const auto& [name, bytes] : Files()) {
      if (name == "manifest.jsonl") continue;
      EXPECT_TRUE(parts.emplace(name, bytes).second) << name << " made twice";
    }
  }
  EXPECT_THAT(made, ElementsAre(3, 3, 4));
  EXPECT_EQ(parts, whole);
}

TEST_F(JobTest, ShardsWithoutABatchMakeNothing) {
  settings_.num_shards = 9;
  settings_.shard = 1;  // the first batch's middle lies in the second's part
  EXPECT_EQ(Run().made, 0u);
  EXPECT_EQ(Files(),
            (std::map<std::string, std::string>{{"manifest.jsonl", ""}}));
}

TEST_F(JobTest, SubfoldersAreMadeAndSwept) {
  settings_.filename_template = "{case_number}/{seed}.png";
  Run();
  const auto before = Files();
  EXPECT_TRUE(before.contains("3/301.png"));
  std::ofstream(Out("3/301.png.4194305.gloce-tmp")) << "half";
  std::filesystem::remove(Out("3/301.png"));
  EXPECT_EQ(Run().made, 1u);
  EXPECT_EQ(Files(), before);
}

TEST_F(JobTest, LinesOfOtherJobsInTheFolderStay) {
  Run();
  const auto first = Manifest();
  settings_.filename_template = "other_{row}_{i}.png";
  Run();
  EXPECT_EQ(Manifest().size(), 20u);
  settings_.filename_template = "{case_number}_{i}.png";
  std::filesystem::remove(Out("2_0.png"));
  Run();
  const auto records = Manifest();
  ASSERT_EQ(records.size(), 20u);
  EXPECT_EQ(records[0].file, "other_0_0.png");
  for (size_t k = 0; k < 10; ++k) {
    EXPECT_EQ(records[10 + k].file, first[k].file);
  }
}

TEST_F(JobTest, BadSettingsAreUsageErrorsAndLeaveNothing) {
  const auto fails = [&](const auto& change, const std::string& message) {
    const JobSettings before = settings_;
    change(settings_);
    EXPECT_FAILS_AS(UsageError, Run(), HasSubstr(message));
    settings_ = before;
    EXPECT_FALSE(std::filesystem::exists(settings_.out_folder));
  };
  fails([](JobSettings& s) { s.batch_size = 0; }, "batch size: got 0");
  fails([](JobSettings& s) { s.shard = 0; }, "shard: got 0/1");
  fails([](JobSettings& s) { s.shard = 2; }, "shard: got 2/1");
  fails([](JobSettings& s) { s.out_folder = ""; }, "output folder");
  fails([](JobSettings& s) { s.filename_template = "{x}.png"; }, "{x}");
}

TEST_F(JobTest, TheStateIsToldBeforeTheFirstBatchAndAtTheEnd) {
  std::vector<JobSummary> states;
  settings_.state_changed = [&](const JobSummary& s) { states.push_back(s); };
  Run();
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].state, JobState::kRunning);
  EXPECT_EQ(states[0].total, 10u);
  EXPECT_EQ(states[0].made, 0u);
  EXPECT_EQ(states[1].state, JobState::kDone);
  EXPECT_EQ(states[1].made, 10u);
  EXPECT_EQ(states[1].sampled, 10u);
  EXPECT_LE(states[1].seconds_of_scan, states[1].seconds_of_start);
  EXPECT_LE(states[1].seconds_of_start + states[1].seconds_of_sampling,
            states[1].seconds);

  states.clear();
  settings_.overwrite = true;
  settings_.interrupted = [&] { return !states.empty(); };
  EXPECT_THROW(Run(), Interrupted);
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[1].state, JobState::kInterrupted);
  EXPECT_EQ(states[1].total, 10u);
  EXPECT_THAT(states[1].error, StartsWith("interrupted"));

  states.clear();
  settings_.interrupted = {};
  EXPECT_THROW(RunJob(images_, settings_,
                      [](const auto&) -> std::vector<Picture> {
                        throw std::runtime_error("no more");
                      }),
               std::runtime_error);
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[1].state, JobState::kFailed);
  EXPECT_EQ(states[1].error, "no more");
}

// As if the job had never begun: no state is told where nothing is left.
TEST_F(JobTest, AJobThatCannotBeginTellsNoState) {
  int states = 0;
  settings_.state_changed = [&](const JobSummary&) { ++states; };
  settings_.prepare = [] { throw Error("no network"); };
  EXPECT_FAILS(Run(), "no network");
  EXPECT_EQ(states, 0);
  EXPECT_FALSE(std::filesystem::exists(settings_.out_folder));
}

TEST_F(JobTest, NamesThatDifferInCaseAreRefusedWhereItIsIgnored) {
  images_[2].case_number = "a";
  images_[4].case_number = "A";
  images_[4].i = images_[2].i;
  Run();
  EXPECT_EQ(Run().skipped, 10u) << "here they differ";
  std::filesystem::create_hard_link(Out(".gloce-lock"), Out(".GLOCE-LOCK"));
  EXPECT_FAILS_AS(UsageError, Run(),
                  HasSubstr("case A (line 4) and case a (line 3) would both"));
  EXPECT_EQ(SurveyJob(images_, settings_).collisions.size(), 1u);
}

TEST_F(JobTest, CollisionsLeaveNothing) {
  settings_.filename_template = "{case_number}.png";
  EXPECT_FAILS(Run(), AllOf(StartsWith("p.csv: line 2: images 0 and 1"),
                            HasSubstr("\"0.png\"")));
  EXPECT_FALSE(std::filesystem::exists(settings_.out_folder));
}

}  // namespace
}  // namespace gloce
