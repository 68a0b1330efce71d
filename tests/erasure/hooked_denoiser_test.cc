#include "erasure/hooked_denoiser.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gloce/base/error.h"
#include "gloce/bundle/bundle.h"
#include "gloce/diffusion/sampler.h"

namespace gloce {
namespace {

const std::string kBundles = GLOCE_BUNDLES;

Conditioning AnyConditioning(int64_t rows) {
  at::manual_seed(9);
  return {at::randn({rows, 32, 128}), rows / 2};
}

// Counts activations and returns them unchanged, or zeroed.
class Watch : public LayerHook {
 public:
  explicit Watch(bool zero = false) : zero_(zero) {}
  bool BeginForward(const ForwardContext& context) override {
    contexts.push_back(context);
    return act;
  }
  at::Tensor OnActivation(at::Tensor x, size_t layer) override {
    layers.push_back(layer);
    owned += OwnsValues(x);
    return zero_ ? at::zeros_like(x) : x;
  }
  bool act = true;
  std::vector<ForwardContext> contexts;
  std::vector<size_t> layers;
  size_t owned = 0;  // activations that could be written to

 private:
  bool zero_;
};

TEST(HookedDenoiserTest, WithNothingInstalledOutputsAreBitIdentical) {
  const Bundle bundle(kBundles + "/emoji");
  Unet plain(bundle, {});
  HookedDenoiser hooked(bundle, {});
  const at::Tensor latents = InitialNoise({1, 2}, 4, 16, 16);
  for (const double timestep : {981.0, 500.5, 1.0}) {
    const auto conditioning = AnyConditioning(2);
    EXPECT_TRUE(hooked.Predict(latents, timestep, conditioning)
                    .equal(plain.Predict(latents, timestep, conditioning)));
  }
}

TEST(HookedDenoiserTest, AnObserverSeesEveryLayerOnceAndChangesNothing) {
  const Bundle bundle(kBundles + "/emoji");
  Unet plain(bundle, {});
  HookedDenoiser hooked(bundle, {});
  Watch watch;
  hooked.Install(&watch);
  const at::Tensor latents = InitialNoise({1, 2}, 4, 16, 16);
  const auto conditioning = AnyConditioning(2);
  for (int run = 1; run <= 3; ++run) {
    EXPECT_TRUE(hooked.Predict(latents, 500, conditioning)
                    .equal(plain.Predict(latents, 500, conditioning)));
    EXPECT_EQ(watch.layers.size(), run * hooked.hook_points().size());
  }
  EXPECT_THAT(
      std::vector<size_t>(watch.layers.begin(), watch.layers.begin() + 7),
      testing::UnorderedElementsAre(0, 1, 2, 3, 4, 5, 6));
  // The network keeps no reference, so that erasers may work in place.
  EXPECT_EQ(watch.owned, watch.layers.size());
  EXPECT_EQ(watch.contexts[0].num_unconditional, 1);
  EXPECT_EQ(watch.contexts[0].latent_height, 16);
}

TEST(HookedDenoiserTest, AHookChangesTheOutputAndOnlyWhileItActs) {
  const Bundle bundle(kBundles + "/emoji");
  HookedDenoiser hooked(bundle, {});
  const at::Tensor latents = InitialNoise({1, 2}, 4, 16, 16);
  const auto conditioning = AnyConditioning(2);
  const at::Tensor before = hooked.Predict(latents, 500, conditioning);
  Watch zero(true);
  hooked.Install(&zero);
  EXPECT_FALSE(hooked.Predict(latents, 500, conditioning).equal(before));
  zero.act = false;
  EXPECT_TRUE(hooked.Predict(latents, 500, conditioning).equal(before));
  hooked.Install(nullptr);
  EXPECT_TRUE(hooked.Predict(latents, 500, conditioning).equal(before));
}

std::string RefusalOf(const std::string& bundle) {
  try {
    HookedDenoiser(Bundle(kBundles + "/" + bundle), {});
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(HookedDenoiserTest, NetworksThatCannotBeHookedAreRefusedWithAdvice) {
  EXPECT_THAT(RefusalOf("scripted"), testing::HasSubstr("torch.jit.trace"));
  EXPECT_THAT(RefusalOf("frozen"), testing::HasSubstr("frozen"));
  EXPECT_THAT(RefusalOf("unhooked"), testing::HasSubstr("attn2.to_out.0"));
}

}  // namespace
}  // namespace gloce
