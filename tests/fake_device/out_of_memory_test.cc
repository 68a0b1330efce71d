// Where a device's memory does not suffice, the program says how large the
// batch was and what to lower.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_device/device_run.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

const std::string kDevice = "privateuseone:0";
const std::string kModel = " --model " GLOCE_BUNDLES "/emoji ";

// `arguments` with batches of 16 where memory suffices for batches of one.
ProgramResult RunWithTooLittle(const std::string& arguments) {
  const TemporaryFolder folder;
  DeviceLog log{};
  RunOn(kDevice, arguments + "--batch-size 1 --out " + (folder / "one"), &log);
  return RunWithMemory(
      log.peak_bytes, arguments + "--batch-size 16 --out " + (folder / "many"));
}

TEST(OutOfMemoryTest, GenerateNamesTheBatchAndWhatToLower) {
  const ProgramResult result = RunWithTooLittle(
      "generate" + kModel + "--prompt 'a cat' --num-images 16 --steps 1 ");
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(
      result.err,
      ContainsRegex(
          "out of memory \\(fake device out of memory. Tried to allocate "
          "[0-9]+ bytes\\); this batch is 16 pictures of 64x64: lower "
          "--batch-size, or --width and --height\n"));
}

TEST(OutOfMemoryTest, BuildNamesItsBatchSizeAndNoOptionThatItLacks) {
  const ProgramResult result = RunWithTooLittle(
      "build" + kModel +
      "--erase cat --num-seeds 3 --steps 2 --window 0:1 --gate-start 0 ");
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("out of memory (fake device out of memory. "),
                    HasSubstr("; --batch-size is 16: lower it\n"),
                    Not(HasSubstr("--width"))));
}

}  // namespace
}  // namespace gloce
