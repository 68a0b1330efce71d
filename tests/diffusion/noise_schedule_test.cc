#include "diffusion/noise_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/scheduler_golden.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using ::testing::HasSubstr;

// Bit for bit where diffusers runs on the same processor. The last bits of a
// float32 cumulative product depend on how wide its vector instructions are:
// processors differ by 4e-7 relative.
constexpr double kOtherProcessors = 1e-6;

TEST(NoiseScheduleTest, AlphasCumprodMatchDiffusers) {
  const nlohmann::json golden = ReadGolden("trajectories.json");
  ASSERT_EQ(golden.at("alphas_cumprod").size(), 4);
  for (const nlohmann::json& golden_case : golden.at("alphas_cumprod")) {
    SCOPED_TRACE(golden_case.at("config").dump());
    const SchedulerConfig config = ConfigFrom(golden_case.at("config"));
    const std::vector<float> alphas = AlphasCumprod(config, ZeroSnr::kExact);
    ASSERT_EQ(alphas.size(), 1000);
    const auto indices = golden_case.at("indices").get<std::vector<size_t>>();
    for (size_t i = 0; i < indices.size(); ++i) {
      const auto expected = golden_case.at("values")[i].get<double>();
      EXPECT_NEAR(alphas[indices[i]], expected, kOtherProcessors * expected)
          << "t = " << indices[i];
    }
  }
}

TEST(NoiseScheduleTest, ScaledLinearMatchesADoublePrecisionProduct) {
  const std::vector<float> alphas =
      AlphasCumprod(StableDiffusionConfig(), ZeroSnr::kExact);
  double product = 1.0;
  for (size_t t = 0; t < alphas.size(); ++t) {
    const double root =
        std::sqrt(0.00085) + static_cast<double>(t) / 999.0 *
                                 (std::sqrt(0.012) - std::sqrt(0.00085));
    product *= 1.0 - root * root;
    ASSERT_NEAR(alphas[t] / product, 1.0, 1e-5) << "t = " << t;
  }
}

TEST(NoiseScheduleTest, RescaledScheduleKeepsItsStartAndLosesItsSignal) {
  const std::vector<float> plain =
      AlphasCumprod(StableDiffusionConfig(), ZeroSnr::kExact);
  const SchedulerConfig config =
      StableDiffusionConfig({{"rescale_betas_zero_snr", true}});
  const std::vector<float> rescaled = AlphasCumprod(config, ZeroSnr::kExact);
  EXPECT_FLOAT_EQ(rescaled.front(), plain.front());
  EXPECT_EQ(rescaled.back(), 0.0F);
  std::vector<float> almost = AlphasCumprod(config, ZeroSnr::kAlmost);
  EXPECT_EQ(almost.back(), std::ldexp(1.0F, -24));
  almost.back() = 0.0F;
  EXPECT_EQ(almost, rescaled);
  EXPECT_EQ(AlphasCumprod(config, ZeroSnr::kIgnored), plain);
}

TEST(NoiseScheduleTest, SigmaOfATimestepLeadsBackToIt) {
  const std::vector<float> sigmas =
      Sigmas(AlphasCumprod(StableDiffusionConfig(), ZeroSnr::kExact));
  const std::vector<double> timesteps = {999, 998.5, 500.25, 17, 0.5, 0};
  const std::vector<double> levels = InterpolateSigmas(sigmas, timesteps);
  EXPECT_EQ(levels.front(), sigmas.back());
  EXPECT_EQ(levels.back(), sigmas.front());
  for (size_t i = 0; i < timesteps.size(); ++i) {
    // Levels are interpolated linearly, timesteps by the level's logarithm.
    EXPECT_NEAR(SigmaToTimestep(levels[i], sigmas), timesteps[i], 0.05);
  }
}

TEST(NoiseScheduleTest, TimestepsOfSigmasOutsideTheTableAreItsEnds) {
  const std::vector<float> sigmas =
      Sigmas(AlphasCumprod(StableDiffusionConfig(), ZeroSnr::kExact));
  EXPECT_EQ(SigmaToTimestep(1000.0, sigmas), 999.0);
  EXPECT_EQ(SigmaToTimestep(0.0, sigmas), 0.0);
}

TEST(NoiseScheduleTest, KarrasSigmasKeepTheEndsAndFall) {
  const std::vector<double> spaced = KarrasSigmas(14.6, 0.03, 4);
  EXPECT_NEAR(spaced.front(), 14.6, 1e-12);
  EXPECT_NEAR(spaced.back(), 0.03, 1e-12);
  // Equation (5): the seventh roots are equally spaced.
  const auto root = [&](size_t i) { return std::pow(spaced[i], 1.0 / 7.0); };
  EXPECT_NEAR(root(0) - root(1), root(2) - root(3), 1e-12);
  EXPECT_GT(root(0), root(1));
}

TEST(NoiseScheduleTest, OneKarrasSigmaIsItself) {
  EXPECT_NEAR(KarrasSigmas(0.03, 0.03, 1).front(), 0.03, 1e-12);
}

TEST(NoiseScheduleTest, RequireSignalNamesThePureNoise) {
  EXPECT_NO_THROW(RequireSignal({0.9F, 0.0F}, {0.0}, "c.json", "lms"));
  try {
    RequireSignal({0.9F, 0.5F, 0.0F}, {1.5}, "c.json", "lms");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("c.json: timestep 2 is pure noise (zero terminal "
                          "SNR), which lms cannot start from"));
  }
}

}  // namespace
}  // namespace gloce
