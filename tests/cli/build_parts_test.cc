// Builds that are killed, and builds that are divided, end with the bytes of an
// undisturbed one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/run_program.h"
#include "cli/running_program.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

const std::string kBuild =
    "build --model " GLOCE_BUNDLES
    "/emoji --steps 4 --window 0:2 --num-seeds 2 --gate-start 0 --batch-size 2 "
    "--erase cat --erase fox --erase pizza ";

// Starts the program and kills it (SIGKILL) once `reached` holds for the names
// in `folder`. False if it ended before.
bool KillOnce(const std::string& arguments, const std::string& folder,
              const std::function<bool(const std::string& names)>& reached) {
  RunningProgram program(arguments, "/dev/null");
  if (!program.WaitFor(folder, reached)) return false;
  program.Signal(SIGKILL);
  return program.Wait() == 128 + SIGKILL;
}

// Whether at least `count` of the names have this part.
std::function<bool(const std::string& names)> Has(const std::string& part,
                                                  int count = 1) {
  return [part, count](const std::string& names) {
    int found = 0;
    for (size_t at = names.find(part); at != std::string::npos;
         at = names.find(part, at + 1)) {
      ++found;
    }
    return found >= count;
  };
}

TEST(BuildPartsTest, AKilledBuildGoesOnAndEndsWithTheSameBytes) {
  const TemporaryFolder folder;
  const std::string fresh = folder / "fresh.safetensors";
  const ProgramResult whole = RunProgram(kBuild + "--json --out " + fresh);
  ASSERT_EQ(whole.exit_code, 0) << whole.err;

  const std::string out = folder / "killed.safetensors";
  const std::string parts = out + ".parts";
  // Of the eight anchors' scores, the last stop leaves one.
  const std::vector<std::pair<const char*, int>> stops = {
      {".gloce-lock", 1}, {"surrogate-", 1}, {"target-", 1},
      {"mapping-", 1},    {"scores-", 1},    {"scores-", 7}};
  for (const auto& [kind, count] : stops) {
    EXPECT_TRUE(KillOnce(kBuild + "--out " + out, parts, Has(kind, count)))
        << kind;
    EXPECT_FALSE(fs::exists(out)) << kind;
  }
  const ProgramResult resumed = RunProgram(kBuild + "--json --out " + out);
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(ReadFile(out), ReadFile(fresh));
  EXPECT_FALSE(fs::exists(parts));
  const auto passes = [](const ProgramResult& result) {
    return nlohmann::json::parse(result.out)["passes"].get<int64_t>();
  };
  EXPECT_LT(passes(resumed), passes(whole) / 2);
}

TEST(BuildPartsTest, AnInterruptedBuildSaysHowItGoesOn) {
  const TemporaryFolder folder;
  const std::string out = folder / "e.safetensors";
  RunningProgram program(kBuild + "-q --out " + out, folder / "output");
  ASSERT_TRUE(program.WaitFor(out + ".parts", Has("surrogate-")));
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130);
  EXPECT_EQ(ReadFile(folder / "output"),
            "gloce: error: interrupted; the same command goes on from where it "
            "stopped, with " +
                out + ".parts\n");
  EXPECT_EQ(RunProgram(kBuild + "-q --out " + out).exit_code, 0);
}

TEST(BuildPartsTest, ASecondBuildOfTheSameFileIsRefused) {
  const TemporaryFolder folder;
  const std::string out = folder / "e.safetensors";
  RunningProgram first(kBuild + "-q --out " + out, folder / "output");
  ASSERT_TRUE(first.WaitFor(out + ".parts", Has(".gloce-lock")));
  first.Signal(SIGSTOP);  // it cannot end before the second begins
  const ProgramResult second = RunProgram(kBuild + "-q --out " + out);
  first.Signal(SIGCONT);
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err, HasSubstr(out + ".parts: another gloce process"));
  EXPECT_EQ(first.Wait(), 0) << ReadFile(folder / "output");
  ASSERT_EQ(RunProgram(kBuild + "-q --out " + (folder / "fresh")).exit_code, 0);
  EXPECT_EQ(ReadFile(out), ReadFile(folder / "fresh"));
}

// A limit on the size of files ends writes half-way, as a full disk does.
TEST(BuildPartsTest, ADiskThatIsFullLosesNothing) {
  const TemporaryFolder folder;
  const std::string out = folder / "e.safetensors";
  const ProgramResult full =  // blocks of 512 bytes
      RunProgram(kBuild + "-q --out " + out, "ulimit -f 60;");
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.err, HasSubstr("write failed: File too large"));
  EXPECT_FALSE(fs::exists(out));
  EXPECT_THAT(Listing(out + ".parts"), HasSubstr("surrogate-"));
  EXPECT_THAT(Listing(out + ".parts"), Not(HasSubstr("gloce-tmp")));
  const ProgramResult resumed = RunProgram(kBuild + "-q --out " + out);
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  ASSERT_EQ(RunProgram(kBuild + "-q --out " + (folder / "fresh")).exit_code, 0);
  EXPECT_EQ(ReadFile(out), ReadFile(folder / "fresh"));
}

TEST(BuildPartsTest, PartsOfOtherSettingsAreNotUsed) {
  const TemporaryFolder folder;
  const std::string out = folder / "e.safetensors";
  ASSERT_EQ(RunProgram(kBuild + "-q --keep-parts --out " + out).exit_code, 0);
  EXPECT_THAT(Listing(out + ".parts"), HasSubstr("target-"));
  const std::string changed = kBuild + "-q --guidance 5 --rank-map 1 --out ";
  ASSERT_EQ(RunProgram(changed + out).exit_code, 0);
  ASSERT_EQ(RunProgram(changed + (folder / "fresh")).exit_code, 0);
  EXPECT_EQ(ReadFile(out), ReadFile(folder / "fresh"));
  EXPECT_FALSE(fs::exists(out + ".parts"));
}

TEST(BuildPartsTest, ADamagedPartIsAnError) {
  const TemporaryFolder folder;
  const std::string out = folder / "e.safetensors";
  ASSERT_EQ(RunProgram(kBuild + "-q --keep-parts --out " + out).exit_code, 0);
  for (const auto& entry : fs::directory_iterator(out + ".parts")) {
    const std::string path = entry.path();
    if (!entry.path().filename().string().starts_with("target-")) continue;
    std::string bytes = ReadFile(path);
    bytes[bytes.size() - 3] ^= 1;
    WriteFileAtomically(path, bytes);
  }
  const ProgramResult result = RunProgram(kBuild + "--out " + out);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("damaged; delete this file"));
}

TEST(BuildPartsTest, MergedShardsAreTheWholeList) {
  const TemporaryFolder folder;
  const auto file = [&](const std::string& name) {
    return folder / (name + ".safetensors");
  };
  ASSERT_EQ(RunProgram(kBuild + "-q --out " + file("whole")).exit_code, 0);
  for (const std::string i : {"1", "2", "3"}) {
    ASSERT_EQ(RunProgram(kBuild + "-q --shard " + i + "/3 --out " + file(i))
                  .exit_code,
              0);
  }
  const std::string to = " -q --out " + file("merged");
  ASSERT_EQ(
      RunProgram("merge " + file("3") + " " + file("1") + " " + file("2") + to)
          .exit_code,
      0);
  EXPECT_EQ(ReadFile(file("merged")), ReadFile(file("whole")));

  // A shard is an erasers file of its own.
  const ProgramResult drawn =
      RunProgram("generate --model " GLOCE_BUNDLES
                 "/emoji --prompt a --steps 1 -q --out " +
                 (folder / "out") + " --erasers " + file("2"));
  EXPECT_EQ(drawn.exit_code, 0) << drawn.err;
  const ProgramResult published =
      RunProgram("convert -q --to published --out " + (folder / "published") +
                 " " + file("2"));
  EXPECT_EQ(published.exit_code, 0) << published.err;

  const ProgramResult missing =
      RunProgram("merge " + file("3") + " " + file("1") + to);
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, HasSubstr("shard 2/3 is missing"));
  const ProgramResult twice =
      RunProgram("merge " + file("3") + " " + file("1") + " " + file("3") + to);
  EXPECT_EQ(twice.exit_code, 1);
  EXPECT_THAT(twice.err, HasSubstr("shard 3/3, with concept \"pizza\""));
}

TEST(BuildPartsTest, ADryRunKeepsNoParts) {
  const ProgramResult result = RunProgram(kBuild + "--dry-run --keep-parts");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--keep-parts has no effect"));
}

TEST(BuildPartsTest, ShardsThatCannotBeAreWrongUsage) {
  const TemporaryFolder folder;
  for (const char* shard : {"0/3", "4/3", "2", "1/4"}) {
    const ProgramResult result =
        RunProgram(kBuild + "--shard " + shard + " --out " + (folder / "e"));
    EXPECT_EQ(result.exit_code, 2) << shard;
    EXPECT_THAT(result.err, HasSubstr("shard: got ")) << shard;
  }
}

}  // namespace
}  // namespace gloce
