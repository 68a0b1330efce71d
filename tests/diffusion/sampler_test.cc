#include "gloce/diffusion/sampler.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

#include "error_text.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// Predicts a constant for each half, and notes what it was asked.
class FakeDenoiser : public Denoiser {
 public:
  at::Tensor Predict(const at::Tensor& latents, double timestep,
                     const Conditioning& conditioning) override {
    timesteps.push_back(timestep);
    at::Tensor output = at::full_like(latents, 3.0);
    if (conditioning.num_unconditional > 0) {
      output.narrow(0, 0, conditioning.num_unconditional).fill_(1.0);
    }
    return output;
  }
  std::vector<double> timesteps;
};

std::unique_ptr<Scheduler> Ddim() {
  return MakeScheduler(
      "ddim", SchedulerConfig::FromJson(R"({"clip_sample": false})", "test"));
}

Conditioning TwoHalves(int64_t images) {
  return {at::zeros({2 * images, 4, 8}), images};
}

TEST(InitialNoiseTest, IsWhatTorchGivesForASeed) {
  // torch.randn(4, generator=torch.Generator("cpu").manual_seed(0)): the first
  // values, printed by torch 2.15.
  const at::Tensor noise = InitialNoise({0}, 4, 4, 4).flatten();
  EXPECT_FLOAT_EQ(noise[0].item<float>(), -1.1258398F);
  EXPECT_FLOAT_EQ(noise[1].item<float>(), -1.1523602F);
}

TEST(InitialNoiseTest, ARowDependsOnItsSeedAlone) {
  const at::Tensor together = InitialNoise({7, 8, 9}, 4, 6, 5);
  EXPECT_EQ(together.sizes(), at::IntArrayRef({3, 4, 6, 5}));
  EXPECT_TRUE(together[1].equal(InitialNoise({8}, 4, 6, 5)[0]));
}

TEST(SampleLatentsTest, GuidanceExtrapolatesBetweenTheHalves) {
  // uncond 1, text 3, scale 2: 1 + 2·(3 − 1) = 5, as a plain run with 5 gives.
  class Five : public Denoiser {
    at::Tensor Predict(const at::Tensor& x, double,
                       const Conditioning&) override {
      return at::full_like(x, 5.0);
    }
  } five;
  FakeDenoiser halves;
  const at::Tensor noise = InitialNoise({1, 2}, 4, 4, 4);
  SamplingSettings settings;
  settings.num_inference_steps = 5;
  settings.guidance_scale = 2;
  const at::Tensor guided =
      SampleLatents(halves, *Ddim(), noise, TwoHalves(2), settings);
  settings.guidance_scale = 1;
  const at::Tensor plain =
      SampleLatents(five, *Ddim(), noise, {at::zeros({2, 4, 8}), 0}, settings);
  EXPECT_TRUE(at::allclose(guided, plain));
}

TEST(SampleLatentsTest, StopsAfterTheLastCall) {
  FakeDenoiser denoiser;
  SamplingSettings settings;
  settings.num_inference_steps = 50;
  settings.last_call = 20;
  SampleLatents(denoiser, *Ddim(), InitialNoise({0}, 4, 4, 4), TwoHalves(1),
                settings);
  EXPECT_EQ(denoiser.timesteps.size(), 21u);
  settings.last_call = 50;  // beyond the end: all calls
  denoiser.timesteps.clear();
  SampleLatents(denoiser, *Ddim(), InitialNoise({0}, 4, 4, 4), TwoHalves(1),
                settings);
  EXPECT_EQ(denoiser.timesteps.size(), 50u);
}

TEST(SampleLatentsTest, StopsWhenInterrupted) {
  FakeDenoiser denoiser;
  SamplingSettings settings;
  int asked = 0;
  settings.interrupted = [&](double) { return ++asked > 3; };
  EXPECT_THROW(SampleLatents(denoiser, *Ddim(), InitialNoise({0}, 4, 4, 4),
                             TwoHalves(1), settings),
               Interrupted);
  EXPECT_EQ(denoiser.timesteps.size(), 3u);
}

TEST(SampleLatentsTest, TellsWhatIsLeftAtThePaceSoFar) {
  class Slow : public FakeDenoiser {
    at::Tensor Predict(const at::Tensor& x, double timestep,
                       const Conditioning& conditioning) override {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      return FakeDenoiser::Predict(x, timestep, conditioning);
    }
  } slow;
  SamplingSettings settings;
  settings.last_call = 3;  // four calls
  std::vector<double> left;
  settings.interrupted = [&](double seconds_left) {
    left.push_back(seconds_left);
    return false;
  };
  SampleLatents(slow, *Ddim(), InitialNoise({0}, 4, 4, 4), TwoHalves(1),
                settings);
  ASSERT_EQ(left.size(), 4u);
  EXPECT_EQ(left[0], std::numeric_limits<double>::infinity());
  EXPECT_GE(left[1], 0.015);  // a call took at least 5 ms
  EXPECT_GE(left[2], 0.010);
  EXPECT_GE(left[3], 0.005);
}

TEST(SampleLatentsTest, LatentsThatAreNotFiniteAreNoPicture) {
  class Broken : public Denoiser {
    at::Tensor Predict(const at::Tensor& x, double,
                       const Conditioning&) override {
      at::Tensor noise_pred = at::zeros_like(x);
      noise_pred[0][0][0][0] = std::nan("");
      return noise_pred;
    }
  } broken;
  // What to turn is the commands' to say, which know their options.
  EXPECT_EQ(ErrorText([&] {
              SampleLatents(broken, *Ddim(), InitialNoise({0, 1}, 4, 4, 4),
                            TwoHalves(2), {});
            }),
            "latents: some are not finite after the last step");
  EXPECT_THROW(SampleLatents(broken, *Ddim(), InitialNoise({0}, 4, 4, 4),
                             TwoHalves(1), {}),
               NotFinite);
}

TEST(SampleLatentsTest, ImagesThatAreNotFiniteAreTold) {
  class Broken : public Denoiser {
    at::Tensor Predict(const at::Tensor& x, double,
                       const Conditioning&) override {
      at::Tensor noise_pred = at::zeros_like(x);
      noise_pred[1][0][0][0] = std::nan("");
      return noise_pred;
    }
  } broken;
  const at::Tensor noise = InitialNoise({0, 1, 2}, 4, 4, 4);
  SamplingSettings settings;
  settings.guidance_scale = 1;
  std::vector<int64_t> told;
  settings.not_finite = [&](int64_t image) { told.push_back(image); };
  const at::Tensor latents = SampleLatents(broken, *Ddim(), noise,
                                           {at::zeros({3, 4, 8}), 0}, settings);
  EXPECT_EQ(told, std::vector<int64_t>{1});
  EXPECT_TRUE(at::isfinite(latents).all().item<bool>());
  EXPECT_EQ(latents[1].abs().sum().item<double>(), 0);
  EXPECT_GT(latents[2].abs().sum().item<double>(), 0);
}

TEST(SampleLatentsTest, RefusesConditioningOfAnotherBatch) {
  FakeDenoiser denoiser;
  EXPECT_THROW(SampleLatents(denoiser, *Ddim(), InitialNoise({0}, 4, 4, 4),
                             TwoHalves(2), {}),
               Error);
}

}  // namespace
}  // namespace gloce
