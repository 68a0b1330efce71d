#include "cli/processor.h"

#include <gtest/gtest.h>

namespace gloce {
namespace {

const c10::Device kCpu(c10::DeviceType::CPU);

TEST(ProcessorTest, WarnsOfBfloat16WithoutInstructionsForIt) {
  EXPECT_EQ(DtypeWarning({kCpu, at::kBFloat16}, {}),
            "--dtype bfloat16: this processor has no instructions for it, so "
            "that it saves memory but no time; float32 is likely faster");
}

TEST(ProcessorTest, SaysNothingWhereNothingIsSlow) {
  EXPECT_EQ(DtypeWarning({kCpu, at::kBFloat16}, {"avx512_bf16"}), "");
  EXPECT_EQ(DtypeWarning({kCpu, at::kFloat}, {}), "");
  EXPECT_EQ(
      DtypeWarning({c10::Device(c10::DeviceType::CUDA, 0), at::kBFloat16}, {}),
      "");
}

}  // namespace
}  // namespace gloce
