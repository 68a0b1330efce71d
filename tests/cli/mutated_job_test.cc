// Damaged job files through the program itself: it checks or draws, or says
// which row is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "cli/run_program.h"
#include "mutated_jobs.h"

namespace gloce {
namespace {

TEST(MutatedJobTest, TheProgramEndsClearly) {
  const TemporaryFolder folder;
  JobDamager damage(7);
  const std::vector<JobFile> good = GoodJobFiles();
  std::set<int> exit_codes;
  for (int i = 0; i < 2 * kNumDamages; ++i) {
    const JobFile& file = good[static_cast<size_t>(i) % good.size()];
    const std::string path = folder / file.name;
    WriteFileAtomically(
        path, damage(file.bytes, static_cast<Damage>(i % kNumDamages)));
    const ProgramResult result =
        RunProgram("generate --model " GLOCE_BUNDLES
                   "/emoji --steps 1 --check --quiet --prompts " +
                       path + " --out " + (folder / "out"),
                   "timeout 60");
    exit_codes.insert(result.exit_code);
    EXPECT_LE(result.exit_code, 3) << i << ": " << result.err.substr(0, 1000);
    if (result.exit_code == 0) continue;
    EXPECT_NE(result.err, "") << i;
    std::istringstream lines(result.err);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_THAT(line, testing::StartsWith("gloce: ")) << i;
      if (line.find(path) != std::string::npos &&
          line.find("holds no prompt") == std::string::npos &&
          line.find("columns not used") == std::string::npos) {
        EXPECT_THAT(line, testing::HasSubstr(path + ": line ")) << i;
      }
    }
  }
  EXPECT_GE(exit_codes.size(), 2U);
}

}  // namespace
}  // namespace gloce
