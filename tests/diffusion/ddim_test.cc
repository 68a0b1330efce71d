#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/noise_schedule.h"
#include "diffusion/scheduler_golden.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// DDIM with leading spacing and offset 1 in plain double precision, straight
// from equation (12) of arXiv 2010.02502, for one value.
double ReferenceDdim(double x, int64_t num_inference_steps) {
  std::vector<double> alpha = {};
  for (int t = 0; t < 1000; ++t) {
    const double beta =
        std::pow(std::sqrt(0.00085) +
                     t / 999.0 * (std::sqrt(0.012) - std::sqrt(0.00085)),
                 2);
    alpha.push_back((alpha.empty() ? 1.0 : alpha.back()) * (1.0 - beta));
  }
  const int64_t ratio = 1000 / num_inference_steps;
  for (int64_t i = num_inference_steps - 1; i >= 0; --i) {
    const int64_t t = i * ratio + 1;
    const double here = alpha[static_cast<size_t>(t)];
    const double next =
        t >= ratio ? alpha[static_cast<size_t>(t - ratio)] : 1.0;
    const double noise =
        x * static_cast<double>(t) / 1000.0 + 0.3 * x / (1.0 + x * x) + 0.1;
    const double x_0 = (x - std::sqrt(1.0 - here) * noise) / std::sqrt(here);
    x = std::sqrt(next) * x_0 + std::sqrt(1.0 - next) * noise;
  }
  return x;
}

TEST(DdimTest, MatchesADoublePrecisionReference) {
  const auto scheduler =
      MakeScheduler("ddim", StableDiffusionConfig({{"steps_offset", 1}}));
  for (const int64_t steps : {1, 7, 20, 50, 200}) {
    const at::Tensor got = RunScheduler(*scheduler, steps, StartNoise());
    std::vector<double> expected;
    const at::Tensor noise = StartNoise().flatten();
    for (int64_t i = 0; i < noise.numel(); ++i) {
      expected.push_back(ReferenceDdim(noise[i].item<double>(), steps));
    }
    EXPECT_LE(RelativeError(got.flatten(), at::tensor(expected)), 1e-5)
        << steps << " steps";
  }
}

// A denoiser that knows the picture leads every scheduler to it exactly, by
// whatever it predicts.
class KnownPictureTest
    : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(KnownPictureTest, IsReached) {
  const auto& [name, prediction] = GetParam();
  nlohmann::json fields = {{"prediction_type", prediction},
                           {"set_alpha_to_one", true},
                           {"steps_offset", 1}};
  if (name == "pndm prk") fields["skip_prk_steps"] = false;
  const SchedulerConfig config = StableDiffusionConfig(fields);
  const auto scheduler = MakeScheduler(name.substr(0, name.find(' ')), config);
  const std::vector<float> alphas = AlphasCumprod(config, ZeroSnr::kExact);
  const at::Tensor picture = 0.5 * StartNoise().flip(0) + 0.25;
  const auto denoiser = [&](const at::Tensor& x, double t) {
    // alphas_cumprod at t; between two timesteps sigma is linear.
    const double sigma = InterpolateSigmas(Sigmas(alphas), {t}).front();
    const double alpha = 1.0 / (sigma * sigma + 1.0);
    const at::Tensor noise =
        (x - std::sqrt(alpha) * picture) / std::sqrt(1.0 - alpha);
    if (prediction == "sample") return picture;
    if (prediction == "epsilon") return noise;
    return std::sqrt(alpha) * noise - std::sqrt(1.0 - alpha) * picture;
  };
  for (const int64_t steps : {4, 13, 50}) {
    const at::Tensor got =
        RunScheduler(*scheduler, steps, StartNoise(), denoiser);
    EXPECT_LE(RelativeError(got, picture), 3e-5) << steps << " steps";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Schedulers, KnownPictureTest,
    testing::Values(
        std::tuple("ddim", "epsilon"), std::tuple("ddim", "v_prediction"),
        std::tuple("ddim", "sample"), std::tuple("lms", "epsilon"),
        std::tuple("lms", "v_prediction"), std::tuple("lms", "sample"),
        std::tuple("euler", "epsilon"), std::tuple("euler", "v_prediction"),
        std::tuple("euler", "sample"), std::tuple("dpmpp_2m", "epsilon"),
        std::tuple("dpmpp_2m", "v_prediction"),
        std::tuple("dpmpp_2m", "sample"), std::tuple("pndm", "epsilon"),
        std::tuple("pndm prk", "epsilon")));

TEST(DdimTest, ClipsThePredictedPicture) {
  const auto scheduler = MakeScheduler(
      "ddim", StableDiffusionConfig({{"clip_sample", true},
                                     {"clip_sample_range", 0.75},
                                     {"prediction_type", "sample"}}));
  scheduler->SetTimesteps(1);
  // The one step of leading spacing is t = 0 and ends at alpha 1: x_0 itself.
  const at::Tensor got = scheduler->Step(StartNoise(), 0, StartNoise());
  EXPECT_TRUE(at::equal(got, StartNoise().clamp(-0.75, 0.75)));
}

TEST(DdimTest, ZeroTerminalSnrNeedsAnotherPredictionThanEpsilon) {
  nlohmann::json fields = {{"rescale_betas_zero_snr", true},
                           {"timestep_spacing", "trailing"}};
  const auto epsilon = MakeScheduler("ddim", StableDiffusionConfig(fields));
  EXPECT_THROW(epsilon->SetTimesteps(10), Error);
  fields["prediction_type"] = "v_prediction";
  const auto velocity = MakeScheduler("ddim", StableDiffusionConfig(fields));
  EXPECT_NO_THROW(velocity->SetTimesteps(10));
}

}  // namespace
}  // namespace gloce
