#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/scheduler_golden.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using ::testing::HasSubstr;

// Algorithm 2 of arXiv 2211.01095 with trailing spacing, in plain double
// precision, for one value and the analytic denoiser. The last step leads to
// the predicted x_0.
double ReferenceDpmpp2m(double x, int64_t num_inference_steps) {
  std::vector<double> alpha_bar;
  for (int t = 0; t < 1000; ++t) {
    const double root = std::sqrt(0.00085) +
                        t / 999.0 * (std::sqrt(0.012) - std::sqrt(0.00085));
    alpha_bar.push_back((alpha_bar.empty() ? 1.0 : alpha_bar.back()) *
                        (1.0 - root * root));
  }
  const int64_t ratio = 1000 / num_inference_steps;
  double previous = 0.0;
  double previous_h = 0.0;
  for (int64_t t = 999; t > 0; t -= ratio) {
    const double here = alpha_bar[static_cast<size_t>(t)];
    const double noise =
        x * static_cast<double>(t) / 1000.0 + 0.3 * x / (1.0 + x * x) + 0.1;
    const double x_0 = (x - std::sqrt(1.0 - here) * noise) / std::sqrt(here);
    if (t < ratio) return x_0;
    const double next = alpha_bar[static_cast<size_t>(t - ratio)];
    const auto lambda = [](double a) { return 0.5 * std::log(a / (1.0 - a)); };
    const double h = lambda(next) - lambda(here);
    double d = x_0;
    if (t < 999) {
      const double r = previous_h / h;
      d = (1.0 + 1.0 / (2.0 * r)) * x_0 - 1.0 / (2.0 * r) * previous;
    }
    x = std::sqrt((1.0 - next) / (1.0 - here)) * x -
        std::sqrt(next) * (std::exp(-h) - 1.0) * d;
    previous = x_0;
    previous_h = h;
  }
  return x;
}

TEST(Dpmpp2mTest, MatchesADoublePrecisionReference) {
  const auto scheduler = MakeScheduler(
      "dpmpp_2m", StableDiffusionConfig({{"timestep_spacing", "trailing"}}));
  for (const int64_t steps : {1, 5, 20, 50, 200}) {
    const at::Tensor got = RunScheduler(*scheduler, steps, StartNoise());
    std::vector<double> expected;
    const at::Tensor start = StartNoise().flatten();
    for (int64_t i = 0; i < start.numel(); ++i) {
      expected.push_back(ReferenceDpmpp2m(start[i].item<double>(), steps));
    }
    EXPECT_LE(RelativeError(got.flatten(), at::tensor(expected)), 1e-5)
        << steps;
  }
}

// A denoiser whose x_0 is the same at every step makes every order exact, so
// that the run ends at it; with sigma_min a little noise is left.
TEST(Dpmpp2mTest, AConstantPredictionIsReached) {
  for (const char* solver : {"midpoint", "heun"}) {
    const auto scheduler = MakeScheduler(
        "dpmpp_2m", StableDiffusionConfig({{"prediction_type", "sample"},
                                           {"solver_type", solver}}));
    const at::Tensor target = 0.5 * StartNoise().flip(0);
    const at::Tensor got =
        RunScheduler(*scheduler, 20, StartNoise(),
                     [&](const at::Tensor&, double) { return target; });
    EXPECT_TRUE(at::equal(got, target)) << solver;
  }
}

TEST(Dpmpp2mTest, ClippedLambdasLeaveOutTheNoisiestTimesteps) {
  const auto scheduler = MakeScheduler(
      "dpmpp_2m", StableDiffusionConfig({{"beta_schedule", "squaredcos_cap_v2"},
                                         {"lambda_min_clipped", -5.1},
                                         {"timestep_spacing", "trailing"}}));
  scheduler->SetTimesteps(500);
  EXPECT_LT(scheduler->timesteps().size(), 500);
  EXPECT_LT(scheduler->timesteps().front(), 998);
}

TEST(Dpmpp2mTest, RefusesWhatItLacks) {
  const std::vector<std::pair<nlohmann::json, std::string>> cases = {
      {{{"algorithm_type", "sde-dpmsolver++"}},
       "algorithm_type: got \"sde-dpmsolver++\", expected \"dpmsolver++\" for "
       "dpmpp_2m; use another scheduler"},
      {{{"solver_order", 3}}, "solver_order: got 3, expected 2"},
      {{{"solver_type", "rk4"}},
       "solver_type: got \"rk4\", expected \"midpoint\" or \"heun\""},
      {{{"variance_type", "learned"}},
       "variance_type: got \"learned\", expected null"},
      {{{"thresholding", true}}, "thresholding: got true, expected false"},
      {{{"use_lu_lambdas", true}}, "use_lu_lambdas: got true, expected false"},
      {{{"use_flow_sigmas", true}},
       "use_flow_sigmas: got true, expected false"}};
  for (const auto& [fields, message] : cases) {
    const SchedulerConfig config = StableDiffusionConfig(fields);
    EXPECT_NO_THROW(MakeScheduler("euler", config));
    try {
      MakeScheduler("dpmpp_2m", config);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }
}

}  // namespace
}  // namespace gloce
