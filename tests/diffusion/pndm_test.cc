#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "diffusion/scheduler_golden.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using ::testing::HasSubstr;

TEST(PndmTest, RefusesADenoiserThatPredictsTheSample) {
  try {
    MakeScheduler("pndm",
                  StableDiffusionConfig({{"prediction_type", "sample"}}));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("prediction_type: got sample, expected "
                                        "epsilon or v_prediction for pndm"));
  }
}

TEST(PndmTest, RungeKuttaWarmUpNeedsFourSteps) {
  const auto scheduler =
      MakeScheduler("pndm", StableDiffusionConfig({{"skip_prk_steps", false}}));
  for (const int64_t steps : {1, 2, 3}) {
    EXPECT_THROW(scheduler->SetTimesteps(steps), UsageError) << steps;
  }
  scheduler->SetTimesteps(4);
  EXPECT_EQ(scheduler->timesteps().size(), 13);
}

// The repeated call restarts from the latents of the first.
TEST(PndmTest, RepeatedCallStartsAgainFromTheFirstLatents) {
  const auto scheduler =
      MakeScheduler("pndm", StableDiffusionConfig({{"steps_offset", 1}}));
  const at::Tensor noise = StartNoise();
  const auto second_latents = [&](const at::Tensor& between) {
    scheduler->SetTimesteps(10);
    scheduler->Step(0.1 * noise, 0, noise);
    return scheduler->Step(0.2 * noise, 1, between);
  };
  EXPECT_TRUE(at::equal(second_latents(noise), second_latents(7.0 * noise)));
}

}  // namespace
}  // namespace gloce
