// What the program does when it is told to stop, or its world breaks: it ends
// soon, says what to do, leaves nothing half-written, and goes on when it is
// started again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "cli/own_mounts.h"
#include "cli/run_program.h"
#include "cli/running_program.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kEmoji = " --model " GLOCE_BUNDLES "/emoji ";

// Of the files below a folder: all bytes, but for times in a manifest, and for
// what the last run of a job says of itself.
std::map<std::string, std::string> Contents(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    if (entry.path().filename() == "summary.json") continue;
    std::string bytes = ReadFile(entry.path());
    if (entry.path().filename() == "manifest.jsonl") {
      std::istringstream lines(std::exchange(bytes, ""));
      for (std::string line; std::getline(lines, line);) {
        json record = json::parse(line);
        record["seconds"] = 0;
        bytes += record.dump() + "\n";
      }
    }
    files[fs::relative(entry.path(), folder)] = bytes;
  }
  return files;
}

class FaultsTest : public testing::Test {
 protected:
  // A job in `out`, batches of two.
  std::string Generate(const std::string& rest = "--num-images 6 --steps 2",
                       const std::string& out = "out") const {
    return "generate" + kEmoji + "--prompt cat --batch-size 2 --out " +
           (folder_ / out) + " " + rest;
  }
  std::string Build(const std::string& rest = "") const {
    return "build" + kEmoji +
           "--erase cat --steps 3 --window 0:2 --gate-start 0 --num-seeds 2 "
           "--anchors fox --anchors dog --mapping pizza --out " +
           (folder_ / "out/e.safetensors") + " " + rest;
  }

  // What an undisturbed run leaves.
  std::map<std::string, std::string> Undisturbed(
      const std::string& rest = "--num-images 6 --steps 2") const {
    EXPECT_EQ(RunProgram(Generate(rest + " -q", "undisturbed")).exit_code, 0);
    return Contents(folder_ / "undisturbed");
  }

  size_t Pictures() const {
    const std::string names = Listing(folder_ / "out");
    size_t count = 0;
    for (size_t at = 0; (at = names.find(".png\n", at)) != names.npos; ++at)
      ++count;
    return count;
  }

  // Starts a job and waits until its networks are loaded.
  void StartSampling(const std::string& arguments) {
    running_.emplace(arguments, folder_ / "output");
    ASSERT_TRUE(running_->WaitUntil([this] {
      return fs::exists(folder_ / "output") &&
             Output().find("generate 0/") != std::string::npos;
    })) << Output();
  }
  std::string Output() const { return ReadFile(folder_ / "output"); }

  const TemporaryFolder folder_;
  std::optional<RunningProgram> running_;
};

// --- told to stop ------------------------------------------------------------

TEST_F(FaultsTest, ABatchThatOutlastsTheGracePeriodIsDropped) {
  StartSampling(Generate("--num-images 2 --steps 999 --grace 1"));
  running_->Signal(SIGTERM);
  running_->Signal(SIGTERM);  // as `timeout` does: it is one
  EXPECT_EQ(running_->Wait(), 130);
  EXPECT_THAT(Output(),
              HasSubstr("gloce: error: interrupted; " + (folder_ / "out") +
                        " has 0 of 2 pictures, the batch in work was "
                        "dropped; the same command makes the rest"));
  EXPECT_EQ(Pictures(), 0u);
}

TEST_F(FaultsTest, ABatchThatFitsTheGracePeriodIsFinished) {
  const std::string rest = "--num-images 6 --steps 20 --grace 600";
  size_t pictures = 0;
  // A signal before the batch's first step finds nothing to finish.
  for (int attempt = 1; pictures % 6 == 0 && attempt <= 6; ++attempt) {
    fs::remove_all(folder_ / "out");
    StartSampling(Generate(rest));
    std::this_thread::sleep_for(std::chrono::milliseconds(100) * attempt *
                                attempt);
    running_->Signal(SIGINT);
    if (running_->Wait() == 0) continue;  // it was done
    pictures = Pictures();
    EXPECT_EQ(pictures % 2, 0u);
    EXPECT_THAT(Output(), HasSubstr("has " + std::to_string(pictures) +
                                    " of 6 pictures"));
  }
  EXPECT_THAT(Output(), AllOf(HasSubstr("the batch in work is finished first"),
                              Not(HasSubstr("was dropped"))));
  EXPECT_EQ(RunProgram(Generate(rest + " -q")).exit_code, 0);
  EXPECT_EQ(Contents(folder_ / "out"), Undisturbed(rest));
}

TEST_F(FaultsTest, ASecondSignalEndsAtOnce) {
  // A signal before the batch's first step finds nothing to finish.
  for (int attempt = 1; attempt <= 6; ++attempt) {
    StartSampling(Generate("--num-images 2 --steps 999 --grace 80000"));
    std::this_thread::sleep_for(std::chrono::milliseconds(200) * attempt *
                                attempt);
    running_->Signal(SIGTERM);
    std::this_thread::sleep_for(std::chrono::milliseconds(1200));
    running_->Signal(SIGINT);
    EXPECT_EQ(running_->Wait(), 130);
    if (Output().find("was dropped") == std::string::npos) break;
  }
  EXPECT_THAT(Output(), HasSubstr("what was in work is dropped"));
}

TEST_F(FaultsTest, AGracePeriodIsAtLeastASecond) {
  EXPECT_THAT(RunProgram(Generate("--grace 0")).err, HasSubstr("--grace"));
  EXPECT_THAT(RunProgram(Build("--grace 86401")).err, HasSubstr("--grace"));
}

// --- what is there -----------------------------------------------------------

TEST_F(FaultsTest, WhatIsThereIsRefusedIfAsked) {
  ASSERT_EQ(RunProgram(Generate() + " -q").exit_code, 0);
  const std::string refuse = " --on-mismatch refuse ";
  const ProgramResult same = RunProgram(Generate() + " --json" + refuse);
  EXPECT_EQ(same.exit_code, 0) << same.err;
  EXPECT_EQ(json::parse(same.out)["skipped"], 6);

  fs::resize_file(folder_ / "out/cat_1_1.png", 100);
  const auto before = Contents(folder_ / "out");
  for (const std::string& arguments :
       {Generate() + " -q", Generate("--num-images 6 --steps 3 -q"),
        Generate() + " --check --json"}) {
    const ProgramResult result = RunProgram(arguments + refuse);
    EXPECT_EQ(result.exit_code, 1) << arguments;
    EXPECT_THAT(result.err, AllOf(HasSubstr("nothing was changed"),
                                  HasSubstr("cat_1_1.png"),
                                  HasSubstr("--on-mismatch redo")));
    EXPECT_EQ(Contents(folder_ / "out"), before);
  }
  EXPECT_EQ(RunProgram(Generate() + " --overwrite" + refuse).exit_code, 2);
  EXPECT_EQ(RunProgram(Generate() + " --on-mismatch ask").exit_code, 2);
  EXPECT_EQ(RunProgram(Generate() + " -q --on-mismatch redo").exit_code, 0);
  EXPECT_EQ(Contents(folder_ / "out"), Undisturbed());
}

// --- a broken world ----------------------------------------------------------

// Its weights are the same, and so is its name.
TEST_F(FaultsTest, PicturesOfABundleWithAnotherScheduleAreMadeAgain) {
  const std::string bundle = folder_ / "bundle";
  fs::copy(GLOCE_BUNDLES "/sd1", bundle, fs::copy_options::recursive);
  const std::string job = "generate --model " + bundle +
                          " --prompt cat --num-images 2 --steps 2 --json "
                          "--out " +
                          (folder_ / "out");
  const auto made = [&] { return json::parse(RunProgram(job).out)["made"]; };
  EXPECT_EQ(made(), 2);
  EXPECT_EQ(made(), 0);
  json manifest = json::parse(ReadFile(bundle + "/bundle.json"));
  manifest["scheduler"]["beta_end"] = 0.02;
  WriteFileAtomically(bundle + "/bundle.json", manifest.dump());
  EXPECT_EQ(made(), 2);
  manifest["defaults"]["preset"] = "demo";  // decides no picture
  WriteFileAtomically(bundle + "/bundle.json", manifest.dump());
  EXPECT_EQ(made(), 0);
}

TEST_F(FaultsTest, AFolderThatVanishesEndsAJob) {
  const std::string rest = "--num-images 16 --steps 2";
  StartSampling(Generate(rest));
  ASSERT_TRUE(running_->WaitUntil([this] { return Pictures() > 2; }));
  fs::rename(folder_ / "out", folder_ / "gone");
  EXPECT_EQ(running_->Wait(), 1);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  EXPECT_THAT(Output(), HasSubstr("gloce: error: " + (folder_ / "out/")));
  fs::rename(folder_ / "gone", folder_ / "out");
  EXPECT_EQ(RunProgram(Generate(rest + " -q")).exit_code, 0);
  EXPECT_EQ(Contents(folder_ / "out"), Undisturbed(rest));
}

TEST_F(FaultsTest, AFolderThatVanishesEndsABuild) {
  fs::create_directory(folder_ / "out");
  running_.emplace(Build("-q"), folder_ / "output");
  ASSERT_TRUE(running_->WaitFor(folder_ / "out/e.safetensors.parts",
                                [](const std::string& names) {
                                  return names.find(".part.") != names.npos;
                                }));
  fs::rename(folder_ / "out", folder_ / "gone");
  EXPECT_EQ(running_->Wait(), 1);
  EXPECT_THAT(Output(), AllOf(StartsWith("gloce: error: " + (folder_ / "out/")),
                              HasSubstr("its folder does not exist")));
  fs::rename(folder_ / "gone", folder_ / "out");
  EXPECT_EQ(RunProgram(Build("-q")).exit_code, 0);
  EXPECT_EQ(Listing(folder_ / "out"), "e.safetensors\n");
}

// From too few for anything to enough for all.
TEST_F(FaultsTest, ALimitOnOpenFilesIsSaid) {
  fs::create_directory(folder_ / "out");
  for (const std::string& arguments : {Generate() + " -q", Build("-q")}) {
    int limit = 4;
    for (;; ++limit) {
      ASSERT_LT(limit, 40) << "too few for " << arguments;
      const ProgramResult result =
          RunProgram(arguments, "prlimit --nofile=" + std::to_string(limit));
      if (result.exit_code == 0) break;
      EXPECT_THAT(Listing(folder_ / "out"), Not(HasSubstr("gloce-tmp")));
      if (result.exit_code == 127) continue;  // no library could be loaded
      EXPECT_EQ(result.exit_code, 1) << limit << result.err;
      EXPECT_THAT(result.err, StartsWith("gloce: error: "));
      EXPECT_THAT(result.err, AllOf(HasSubstr("Too many open files"),
                                    HasSubstr("ulimit -n")))
          << limit;
    }
    EXPECT_GT(limit, 4);
  }
  EXPECT_TRUE(fs::exists(folder_ / "out/e.safetensors"));
  EXPECT_EQ(Pictures(), 6u);
}

// Runs `arguments` where `folder` can only be read.
ProgramResult RunReadOnly(const std::string& arguments,
                          const std::string& folder) {
  const std::string mounts = OwnMounts();
  if (!mounts.empty()) {
    return RunProgram(arguments + "'",
                      mounts + "sh -c 'mount --bind " + folder + " " + folder +
                          " && mount -o remount,ro,bind " + folder + " &&");
  }
  fs::permissions(folder, fs::perms::owner_read | fs::perms::owner_exec);
  const ProgramResult result = RunProgram(arguments);
  fs::permissions(folder, fs::perms::owner_all);
  return result;
}

TEST_F(FaultsTest, AReadOnlyFolderIsSaidBeforeAnythingIsSampled) {
  const std::string reason = OwnMounts().empty()
                                 ? "Permission denied; see who owns it"
                                 : "Read-only file system; give a place";
  ASSERT_EQ(RunProgram(Generate() + " -q").exit_code, 0);
  const auto before = Contents(folder_ / "out");
  for (const std::string& arguments :
       {Generate("--num-images 7 --steps 2 -q"), Build("-q"),
        Generate("--num-images 1 --steps 2 -q", "out/deeper")}) {
    const ProgramResult result = RunReadOnly(arguments, folder_ / "out");
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err,
                AllOf(StartsWith("gloce: error: " + (folder_ / "out/")),
                      HasSubstr(arguments.find("deeper") == arguments.npos
                                    ? reason
                                    : "cannot create the folder: ")));
    EXPECT_EQ(Contents(folder_ / "out"), before);
  }
}

// Runs `arguments` without root's right to pass over permissions.
ProgramResult RunAsOthers(const std::string& arguments) {
  return RunProgram(arguments, geteuid() == 0 ? "setpriv --inh-caps=-all "
                                                "--bounding-set=-dac_override,"
                                                "-dac_read_search"
                                              : "");
}

TEST_F(FaultsTest, AManifestThatCannotBeReadOrWrittenIsSaid) {
  ASSERT_EQ(RunProgram(Generate() + " -q").exit_code, 0);
  const std::string manifest = folder_ / "out/manifest.jsonl";
  const auto before = Contents(folder_ / "out");
  const std::string more = Generate("--num-images 7 --steps 2 -q");
  for (const auto& [mode, what] : {std::pair{fs::perms::none, "cannot read"},
                                   {fs::perms::owner_read, "cannot write"}}) {
    fs::permissions(manifest, mode);
    const ProgramResult result = RunAsOthers(more);
    fs::permissions(manifest, fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.err, "gloce: error: " + manifest + ": " + what +
                              ": Permission denied; see who owns it and what "
                              "its permissions are\n");
    EXPECT_EQ(Contents(folder_ / "out"), before);
  }
  EXPECT_EQ(RunAsOthers(more).exit_code, 0);
}

}  // namespace
}  // namespace gloce
