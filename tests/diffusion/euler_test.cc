#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/scheduler_golden.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using ::testing::HasSubstr;

// Euler's method with trailing spacing in plain double precision, for one value
// and the analytic denoiser: x += (sigma_next - sigma) noise.
double ReferenceEuler(double x, int64_t num_inference_steps) {
  std::vector<double> sigma;
  double alpha = 1.0;
  for (int t = 0; t < 1000; ++t) {
    const double root = std::sqrt(0.00085) +
                        t / 999.0 * (std::sqrt(0.012) - std::sqrt(0.00085));
    alpha *= 1.0 - root * root;
    sigma.push_back(std::sqrt((1.0 - alpha) / alpha));
  }
  const int64_t ratio = 1000 / num_inference_steps;
  x *= sigma.back();
  for (int64_t t = 999; t > 0; t -= ratio) {
    const double here = sigma[static_cast<size_t>(t)];
    const double next = t >= ratio ? sigma[static_cast<size_t>(t - ratio)] : 0;
    const double input = x / std::sqrt(here * here + 1.0);
    const double noise = input * static_cast<double>(t) / 1000.0 +
                         0.3 * input / (1.0 + input * input) + 0.1;
    x += (next - here) * noise;
  }
  return x;
}

TEST(EulerTest, MatchesADoublePrecisionReference) {
  const auto scheduler = MakeScheduler(
      "euler", StableDiffusionConfig({{"timestep_spacing", "trailing"}}));
  for (const int64_t steps : {1, 5, 20, 50, 200}) {
    const at::Tensor got = RunScheduler(*scheduler, steps, StartNoise());
    std::vector<double> expected;
    const at::Tensor start = StartNoise().flatten();
    for (int64_t i = 0; i < start.numel(); ++i) {
      expected.push_back(ReferenceEuler(start[i].item<double>(), steps));
    }
    EXPECT_LE(RelativeError(got.flatten(), at::tensor(expected)), 1e-5)
        << steps;
  }
}

TEST(EulerTest, ZeroTerminalSnrStartsFromAFiniteSigma) {
  const auto scheduler = MakeScheduler(
      "euler", StableDiffusionConfig({{"timestep_spacing", "trailing"},
                                      {"rescale_betas_zero_snr", true},
                                      {"prediction_type", "v_prediction"}}));
  scheduler->SetTimesteps(10);
  EXPECT_NEAR(scheduler->init_noise_sigma(), 4096.0, 1e-3);
}

TEST(EulerTest, RefusesWhatItLacks) {
  const std::vector<std::pair<nlohmann::json, std::string>> cases = {
      {{{"interpolation_type", "log_linear"}},
       "interpolation_type: got \"log_linear\", expected \"linear\""},
      {{{"timestep_type", "continuous"}, {"prediction_type", "v_prediction"}},
       "timestep_type: got \"continuous\", expected \"discrete\""}};
  for (const auto& [fields, message] : cases) {
    const SchedulerConfig config = StableDiffusionConfig(fields);
    EXPECT_NO_THROW(MakeScheduler("lms", config));
    try {
      MakeScheduler("euler", config);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }
  // Of continuous timesteps diffusers makes use with v_prediction only.
  EXPECT_NO_THROW(MakeScheduler(
      "euler", StableDiffusionConfig({{"timestep_type", "continuous"}})));
}

}  // namespace
}  // namespace gloce
