#include "gloce/diffusion/pipeline.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "diffusion/unet.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

constexpr const char* kBundle = GLOCE_BUNDLES "/emoji";

TEST(PipelineTest, APictureDoesNotDependOnItsBatch) {
  Pipeline pipeline(kBundle, {});
  Unet unet(pipeline.bundle(), {});
  const auto scheduler = pipeline.MakeScheduler("");
  int64_t width = 0;
  int64_t height = 0;
  pipeline.CheckSize(width, height);
  EXPECT_EQ(width, 64);
  SamplingSettings settings;
  settings.num_inference_steps = 4;
  const std::vector<ImagePrompt> images = {
      {"a cat", "", 1}, {"a dog and an owl", "a house", 2}, {"a car", "", 3}};
  const at::Tensor together =
      pipeline.Sample(unet, *scheduler, images, width, height, settings);
  const at::Tensor alone =
      pipeline.Sample(unet, *scheduler, {images[1]}, width, height, settings);
  EXPECT_LE((together[1] - alone[0]).abs().max().item<double>(), 1e-4);
  const at::Tensor pixels = pipeline.Decode(alone);
  EXPECT_EQ(pixels.sizes(), at::IntArrayRef({1, 64, 64, 3}));
  EXPECT_EQ(pixels.scalar_type(), at::kByte);
}

TEST(PipelineTest, SizesThatTheTraceCannotDoAreRefusedWithAnExample) {
  const Pipeline pipeline(kBundle, {});
  int64_t width = 72;
  int64_t height = 64;
  try {
    pipeline.CheckSize(width, height);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "--width: got 72, expected a multiple of 16, for example 64");
  }
}

TEST(PipelineTest, BFloat16StaysNearFloat32) {
  const Placement half{c10::Device(at::kCPU), at::kBFloat16};
  Pipeline pipeline(kBundle, half);
  Pipeline reference(kBundle, {});
  Unet unet(pipeline.bundle(), half);
  Unet reference_unet(reference.bundle(), {});
  const at::Tensor latents = InitialNoise({5}, 4, 16, 16);
  const Conditioning conditioning{reference.EncodePrompts({"a cat"}), 0};
  const at::Tensor expected =
      reference_unet.Predict(latents, 500, conditioning);
  const at::Tensor got =
      unet.Predict(latents, 500, {pipeline.EncodePrompts({"a cat"}), 0})
          .to(at::kFloat);
  // bfloat16 has 8 bits; casting diffusers' U-Net changes its output by 1 to 2
  // %.
  EXPECT_LE(((got - expected).norm() / expected.norm()).item<double>(), 0.05);
  EXPECT_GT(((got - expected).norm() / expected.norm()).item<double>(), 0);
}

// What a bundle's traces hold is cast to the dtype that was asked for.
TEST(PipelineTest, ABundleStoredInBFloat16RunsInFloat32) {
  Pipeline stored(GLOCE_BUNDLES "/bfloat16", {});
  Pipeline reference(kBundle, {});
  Unet unet(stored.bundle(), {});
  Unet reference_unet(reference.bundle(), {});
  const at::Tensor latents = InitialNoise({5}, 4, 16, 16);
  const at::Tensor expected = reference_unet.Predict(
      latents, 500, {reference.EncodePrompts({"a cat"}), 0});
  const at::Tensor got =
      unet.Predict(latents, 500, {stored.EncodePrompts({"a cat"}), 0});
  EXPECT_EQ(got.scalar_type(), at::kFloat);
  EXPECT_LE(((got - expected).norm() / expected.norm()).item<double>(), 0.05);
  EXPECT_EQ(stored.Decode(latents).sizes(), reference.Decode(latents).sizes());
}

}  // namespace
}  // namespace gloce
