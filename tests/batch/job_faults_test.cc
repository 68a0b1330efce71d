// What a job does when its world breaks: kills, full disks, damaged files.
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

#include "base/folder_lock.h"
#include "batch/fake_job.h"
#include "error_text.h"

namespace gloce {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class JobFaultsTest : public FakeJob {};

TEST_F(JobFaultsTest, AJobKilledInAnyBatchResumesToTheSameBytes) {
  const auto expected = Undisturbed();
  for (int fatal = 1; fatal <= 4; ++fatal) {
    std::filesystem::remove_all(settings_.out_folder);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int batches = 0;
      RunJob(images_, settings_, [&](const auto& batch) {
        if (++batches == fatal) {
          WaitForBatchesBefore(fatal);
          std::raise(SIGKILL);
        }
        return FakePictures(batch);
      });
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    const JobSummary summary = Run();
    EXPECT_EQ(batches_, 5 - fatal);
    EXPECT_EQ(summary.made + summary.skipped, 10u);
    EXPECT_THAT(notices_, IsEmpty());
    EXPECT_EQ(Files(), expected);
  }
}

TEST_F(JobFaultsTest, AFailedPreparationLeavesNoFolder) {
  settings_.prepare = [] { throw Error("no network"); };
  const std::string folder = settings_.out_folder;
  for (const char* inner : {"", "/", "/a/b", "/a/b/"}) {
    settings_.out_folder = folder + inner;
    EXPECT_THROW(Run(), Error);
    EXPECT_FALSE(std::filesystem::exists(folder)) << inner;
  }
  EXPECT_EQ(batches_, 0);
}

TEST_F(JobFaultsTest, OnlyAJobThatLacksPicturesPrepares) {
  int prepared = 0;
  settings_.prepare = [&] { ++prepared; };
  Run();
  EXPECT_EQ(prepared, 1);
  Run();
  EXPECT_EQ(prepared, 1);
}

TEST_F(JobFaultsTest, AKillBetweenPictureAndLineRestoresTheLine) {
  Run();
  const auto expected = Files();
  auto records = Manifest();
  records.erase(records.begin() + 4);
  WriteManifest(records);
  const JobSummary summary = Run();
  EXPECT_EQ(summary.made, 1u);
  EXPECT_EQ(batches_, 1);
  EXPECT_THAT(notices_,
              ElementsAre(AllOf(StartsWith(Out("2_0.png")),
                                HasSubstr("has no line in manifest.jsonl"))));
  EXPECT_EQ(Files(), expected) << "the line is back in its place";
}

TEST_F(JobFaultsTest, AKillBetweenRewrittenPictureAndLineIsNoticed) {
  Run();
  const auto expected = Files();
  // The picture is the new one already, the line still the old one.
  auto records = Manifest();
  records[1].steps = 20;
  WriteManifest(records);
  EXPECT_EQ(Run().made, 1u);
  EXPECT_EQ(Files(), expected);
}

TEST_F(JobFaultsTest, ATornLastLineIsMadeAgain) {
  Run();
  const auto expected = Files();
  const std::string manifest = ReadFile(Out("manifest.jsonl"));
  for (const size_t cut : {size_t{1}, size_t{10}, size_t{300}}) {
    WriteFileAtomically(Out("manifest.jsonl"),
                        manifest.substr(0, manifest.size() - cut));
    EXPECT_EQ(Run().made, 1u);
    EXPECT_EQ(Files(), expected);
  }
}

TEST_F(JobFaultsTest, DamagedPicturesAreMadeAgainAndSaidSo) {
  Run();
  const auto expected = Files();
  const std::string png = expected.at("1_0.png");
  std::string flipped = png;
  flipped[png.size() / 2] ^= 1;
  for (const std::string& bytes :
       {png.substr(0, png.size() - 1), png.substr(0, 20), std::string(),
        flipped, png + "x", std::string("text")}) {
    WriteFileAtomically(Out("1_0.png"), bytes);
    const JobSummary summary = Run();
    EXPECT_EQ(summary.made, 1u);
    EXPECT_THAT(notices_, ElementsAre(AllOf(StartsWith(Out("1_0.png: ")),
                                            HasSubstr("it is made again"))));
    EXPECT_EQ(Files(), expected);
  }
}

TEST_F(JobFaultsTest, ADamagedManifestStopsTheJobBeforeItBegins) {
  Run();
  const std::string manifest = ReadFile(Out("manifest.jsonl"));
  WriteFileAtomically(Out("manifest.jsonl"), "{}\n" + manifest);
  EXPECT_FAILS(Run(), AllOf(StartsWith(Out("manifest.jsonl: line 1: ")),
                            HasSubstr("delete the line")));
  EXPECT_EQ(batches_, 0);
}

TEST_F(JobFaultsTest, AnInterruptEndsBetweenBatchesAndResumes) {
  settings_.interrupted = [this] { return batches_ == 2; };
  EXPECT_EQ(ErrorText([this] { Run(); }),
            "interrupted; " + settings_.out_folder +
                " has 6 of 10 pictures; the same command makes the rest");
  EXPECT_EQ(batches_, 2);
  EXPECT_EQ(Manifest().size(), 6u);
  EXPECT_EQ(Files().size(), 7u);
  settings_.interrupted = nullptr;
  EXPECT_EQ(Run().made, 4u);
  EXPECT_EQ(Files(), Undisturbed());
}

TEST_F(JobFaultsTest, AnInterruptWithinABatchDropsIt) {
  const auto stops = [this](const std::vector<ImageSettings>& batch) {
    if (++batches_ == 3) throw Interrupted();
    return FakePictures(batch);
  };
  EXPECT_FAILS(
      RunJob(images_, settings_, stops),
      HasSubstr("has 6 of 10 pictures, the batch in work was dropped"));
  EXPECT_EQ(Manifest().size(), 6u);
  Run();
  EXPECT_EQ(Files(), Undisturbed());
}

TEST_F(JobFaultsTest, AnOverwritingJobGoesOnWithoutOverwriting) {
  const auto expected = Undisturbed();
  Run();
  settings_.overwrite = true;
  settings_.interrupted = [this] { return batches_ == 2; };
  EXPECT_FAILS(Run(), HasSubstr("has 6 of 10 pictures; the same command makes "
                                "the rest, without --overwrite"));
  settings_.overwrite = false;
  settings_.interrupted = nullptr;
  EXPECT_EQ(Run().skipped, 10u);
  EXPECT_EQ(Files(), expected);
}

// What keeps pictures from being written must be mended first.
TEST_F(JobFaultsTest, AWriteErrorIsHeardBeforeAnInterrupt) {
  settings_.interrupted = [this] { return batches_ == 1; };
  EXPECT_FAILS(RunJob(images_, settings_,
                      [this](const std::vector<ImageSettings>& batch) {
                        ++batches_;
                        std::filesystem::remove(Out("manifest.jsonl"));
                        return FakePictures(batch);
                      }),
               StartsWith(Out("manifest.jsonl: was removed or replaced")));
}

TEST_F(JobFaultsTest, AnInterruptedSecondRunLeavesOneLineAPicture) {
  Run();
  settings_.overwrite = true;
  settings_.interrupted = [this] { return batches_ == 2; };
  EXPECT_THROW(Run(), Interrupted);
  EXPECT_EQ(Manifest().size(), 10u);
  settings_.interrupted = nullptr;
  EXPECT_EQ(Files(), Undisturbed());
}

// Every file of the folder, byte by byte.
std::map<std::string, std::string> Snapshot(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files[entry.path()] = ReadFile(entry.path());
  return files;
}

TEST_F(JobFaultsTest, WhatIsThereMayBeRefusedAndThenNothingChanges) {
  settings_.refuse_mismatches = true;
  Run();
  EXPECT_EQ(Run().skipped, 10u) << "what fits is not refused";
  const auto expect_refusal = [this](const std::string& message) {
    const auto before = Snapshot(settings_.out_folder);
    EXPECT_FAILS(Run(),
                 AllOf(StartsWith(settings_.out_folder + ": "),
                       HasSubstr("nothing was changed"), HasSubstr(message)));
    EXPECT_EQ(batches_, 0);
    EXPECT_EQ(Snapshot(settings_.out_folder), before);
  };
  // Traces of a kill, which a run removes.
  std::ofstream(Out("0_0.png.4194305.gloce-tmp")) << "half";
  std::ofstream(Out("manifest.jsonl"), std::ios::app) << "{\"file";

  settings_.facts.steps = 20;
  expect_refusal("0_0.png: was made with other settings; ");
  expect_refusal("do not fit this job: 10;");
  expect_refusal("; and 7 more");
  settings_.facts.steps = 50;
  settings_.facts.erasers = "89ab";
  expect_refusal("was made with other settings");
  settings_.facts.erasers = "4567cdef";
  const std::string png = ReadFile(Out("1_0.png"));
  WriteFileAtomically(Out("1_0.png"), png.substr(0, png.size() / 2));
  expect_refusal("1_0.png: ");

  settings_.refuse_mismatches = false;
  EXPECT_EQ(Run().made, 1u);
  EXPECT_EQ(Files(), Undisturbed());
}

TEST_F(JobFaultsTest, OnlyLinesOfTheBatchInFlightMayBeMissing) {
  settings_.refuse_mismatches = true;
  Run();
  auto records = Manifest();
  records.erase(records.begin(), records.begin() + 3);  // {0, 1, 2}
  WriteManifest(records);
  EXPECT_EQ(Run().made, 3u) << "as a kill may leave it";
  EXPECT_EQ(Files(), Undisturbed());
  records.erase(records.begin());  // of {3, 6, 7}
  WriteManifest(records);
  EXPECT_FAILS(Run(), HasSubstr("has no line in manifest.jsonl"));
  EXPECT_EQ(Manifest(), records);
}

TEST_F(JobFaultsTest, AFolderThatVanishesEndsTheJob) {
  for (const char* name : {"{case_number}_{i}.png", "{case_number}/{i}.png"}) {
    settings_.filename_template = name;
    std::filesystem::remove_all(settings_.out_folder);
    batches_ = 0;
    const auto vanishes = [this](const std::vector<ImageSettings>& batch) {
      if (++batches_ == 2) {
        WaitForBatchesBefore(2);
        std::filesystem::remove_all(settings_.out_folder);
      }
      return FakePictures(batch);
    };
    EXPECT_FAILS(RunJob(images_, settings_, vanishes),
                 AllOf(StartsWith(Out("manifest.jsonl: was removed")),
                       HasSubstr("start the same command again")));
    EXPECT_EQ(batches_, 3) << "was sampled while the second was written";
    EXPECT_FALSE(std::filesystem::exists(settings_.out_folder));
    EXPECT_EQ(Run().made, 10u);
  }
}

TEST_F(JobFaultsTest, AManifestThatVanishesEndsTheJob) {
  const auto vanishes = [this](const std::vector<ImageSettings>& batch) {
    if (++batches_ == 2) {
      WaitForBatchesBefore(2);
      std::filesystem::remove(Out("manifest.jsonl"));
    }
    return FakePictures(batch);
  };
  EXPECT_FAILS(RunJob(images_, settings_, vanishes),
               StartsWith(Out("manifest.jsonl: was removed or replaced")));
  Run();
  EXPECT_EQ(Files(), Undisturbed());
}

TEST_F(JobFaultsTest, NoMoreFilesToOpenEndsTheJob) {
  rlimit usual{};
  getrlimit(RLIMIT_NOFILE, &usual);
  const auto at_the_limit = [&](const std::vector<ImageSettings>& batch) {
    if (++batches_ == 2) {
      WaitForBatchesBefore(2);
      const rlimit none{0, usual.rlim_max};
      setrlimit(RLIMIT_NOFILE, &none);
    }
    return FakePictures(batch);
  };
  const std::string message =
      ErrorText([&] { RunJob(images_, settings_, at_the_limit); });
  setrlimit(RLIMIT_NOFILE, &usual);
  EXPECT_THAT(message,
              AllOf(StartsWith(Out("1_1.png: cannot write: ")),
                    HasSubstr("raise the limit on open files (ulimit -n)")));
  EXPECT_EQ(Manifest().size(), 3u);
  Run();
  EXPECT_EQ(Files(), Undisturbed());
}

TEST_F(JobFaultsTest, StaleTemporariesAreRemoved) {
  MakeFolders(settings_.out_folder);
  // More than Linux ever gives a process.
  std::ofstream(Out("0_0.png.4194305.gloce-tmp")) << "half";
  std::ofstream(Out("manifest.jsonl.4194305.gloce-tmp")) << "half";
  Run();
  EXPECT_EQ(Files(), Undisturbed());
}

TEST_F(JobFaultsTest, OneWriterPerFolder) {
  MakeFolders(settings_.out_folder);
  // A lock of the operating system's is held by an open file, so that one of
  // this process stands for one of another.
  const FolderLock other(settings_.out_folder);
  EXPECT_FAILS(Run(), HasSubstr("another gloce process is writing here"));
  EXPECT_EQ(batches_, 0);
}

TEST_F(JobFaultsTest, AFolderThatIsAFileIsAnError) {
  std::ofstream(settings_.out_folder) << "x";
  EXPECT_FAILS(Run(), HasSubstr("cannot create the folder"));
}

// Files may not grow above `bytes` while this lives: a write beyond it fails,
// in part or as a whole, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit limit{bytes, old_limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit old_limit_{};
  void (*old_handler_)(int) = nullptr;
};

TEST_F(JobFaultsTest, AFullDiskStopsTheJobWithNothingHalfWritten) {
  const auto expected = Undisturbed();
  // From no room for a picture to room for most of the manifest.
  bool failed_at_picture = false;
  bool failed_at_line = false;
  for (rlim_t bytes = 0; bytes < 4000; bytes += 123) {
    std::filesystem::remove_all(settings_.out_folder);
    std::string message;
    {
      const FullDisk disk(bytes);
      try {
        Run();
      } catch (const Error& error) {
        message = error.what();
      }
    }
    if (message.empty()) break;
    EXPECT_THAT(message, HasSubstr("write failed: File too large"));
    failed_at_picture |= message.find(".png: ") != message.npos;
    failed_at_line |= message.find("manifest.jsonl: ") != message.npos;
    const auto left = Files();  // throws if the manifest has a torn line
    for (const auto& [name, data] : left) {
      if (name == "manifest.jsonl") continue;
      EXPECT_EQ(data, expected.at(name)) << name;
    }
    const size_t lines = Manifest().size();
    EXPECT_GE(left.size(), lines + 1);
    EXPECT_LE(left.size(), lines + 2) << "at most one picture lacks its line";
    Run();
    EXPECT_EQ(Files(), expected);
  }
  EXPECT_TRUE(failed_at_picture);
  EXPECT_TRUE(failed_at_line);
}

}  // namespace
}  // namespace gloce
