#include "diffusion/lms.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/scheduler_golden.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using ::testing::HasSubstr;

// Coefficients of the basis polynomial, lowest first, multiplied out.
double IntegrateTermByTerm(const std::vector<double>& nodes, size_t current,
                           double begin, double end) {
  std::vector<double> polynomial = {1.0};
  for (size_t k = 0; k < nodes.size(); ++k) {
    if (k == current) continue;
    std::vector<double> product(polynomial.size() + 1, 0.0);
    for (size_t power = 0; power < polynomial.size(); ++power) {
      product[power + 1] += polynomial[power] / (nodes[current] - nodes[k]);
      product[power] -=
          polynomial[power] * nodes[k] / (nodes[current] - nodes[k]);
    }
    polynomial = product;
  }
  double integral = 0.0;
  for (size_t power = 0; power < polynomial.size(); ++power) {
    const auto next = static_cast<double>(power + 1);
    integral += polynomial[power] / next *
                (std::pow(end, next) - std::pow(begin, next));
  }
  return integral;
}

TEST(LmsTest, CoefficientsAreTheIntegralsOfTheBasisPolynomials) {
  const std::vector<double> all = {10.2, 11.4, 13.0, 14.6};
  for (size_t order = 1; order <= all.size(); ++order) {
    const std::vector<double> nodes(
        all.begin(), all.begin() + static_cast<std::ptrdiff_t>(order));
    for (size_t current = 0; current < order; ++current) {
      EXPECT_NEAR(LagrangeIntegral(nodes, current, 10.2, 9.1),
                  IntegrateTermByTerm(nodes, current, 10.2, 9.1), 1e-9);
    }
  }
}

// The basis sums to 1, so the coefficients sum to the interval.
TEST(LmsTest, CoefficientsSumToTheInterval) {
  const std::vector<double> nodes = {0.3, 0.41, 0.55, 0.8};
  double sum = 0.0;
  for (size_t k = 0; k < nodes.size(); ++k) {
    sum += LagrangeIntegral(nodes, k, 0.3, 0.2);
  }
  EXPECT_NEAR(sum, -0.1, 1e-15);
}

TEST(LmsTest, StartsAtTheLargestSigmaOfItsSpacing) {
  const auto linspace = MakeScheduler("lms", StableDiffusionConfig());
  linspace->SetTimesteps(50);
  EXPECT_NEAR(linspace->init_noise_sigma(), 14.6146, 5e-5);
  EXPECT_NEAR(linspace->timesteps()[1], 999.0 - 999.0 / 49.0, 1e-4);

  const auto leading = MakeScheduler(
      "lms", StableDiffusionConfig({{"timestep_spacing", "leading"}}));
  leading->SetTimesteps(1000);
  EXPECT_NEAR(leading->init_noise_sigma(), std::hypot(14.6146, 1.0), 5e-5);
}

TEST(LmsTest, ScalesTheInputToUnitVariance) {
  const auto scheduler = MakeScheduler("lms", StableDiffusionConfig());
  scheduler->SetTimesteps(10);
  const double sigma = scheduler->init_noise_sigma();
  const at::Tensor input =
      scheduler->ScaleModelInput(StartNoise() * std::hypot(sigma, 1.0), 0);
  EXPECT_LE(RelativeError(input, StartNoise()), 1e-6);
}

TEST(LmsTest, RefusesTheSpacingsThatItLacks) {
  for (const char* field : {"use_exponential_sigmas", "use_beta_sigmas"}) {
    const SchedulerConfig config = StableDiffusionConfig({{field, true}});
    EXPECT_NO_THROW(MakeScheduler("ddim", config));
    for (const char* name : {"lms", "euler", "dpmpp_2m"}) {
      try {
        MakeScheduler(name, config);
        FAIL() << "no error";
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr(std::string(field) + ": got true"));
      }
    }
  }
}

TEST(LmsTest, RefusesAScheduleThatEndsInPureNoise) {
  std::vector<double> betas(100, 0.02);
  betas.back() = 1.0;
  const SchedulerConfig config = ConfigFrom(
      {{"trained_betas", betas}, {"num_train_timesteps", betas.size()}});
  for (const char* name : {"lms", "euler", "euler_karras", "dpmpp_2m_karras"}) {
    EXPECT_THROW(MakeScheduler(name, config)->SetTimesteps(10), Error) << name;
  }
  EXPECT_THROW(MakeScheduler("pndm",
                             [&] {
                               SchedulerConfig trailing = config;
                               trailing.timestep_spacing =
                                   TimestepSpacing::kTrailing;
                               return trailing;
                             }())
                   ->SetTimesteps(10),
               Error);
}

}  // namespace
}  // namespace gloce
