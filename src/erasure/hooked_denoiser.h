// A denoiser whose cross-attention outputs can be watched and changed.
#pragma once

#include <memory>
#include <vector>

#include "bundle/manifest.h"
#include "diffusion/unet.h"
#include "erasure/ops.h"

namespace gloce {

// What a hook may want to know about the forward pass it sees.
struct ForwardContext {
  double timestep;
  int64_t batch;              // B, rows of the latents
  int64_t num_unconditional;  // the first rows, of classifier-free guidance
  int64_t latent_height, latent_width;  // H, W of the latents; token maps have
                                        // the same proportions
};

// Watches or changes all hook points during one forward pass after another.
class LayerHook : public ActivationObserver {
 public:
  // Called before each forward pass. False: leave this pass alone, the hooks
  // cost nothing.
  virtual bool BeginForward(const ForwardContext& context) = 0;
};

class HookedDenoiser final : public Denoiser {
 public:
  // Loads the bundle's U-Net with hooks at its hook points. Throws Error.
  HookedDenoiser(const Bundle& bundle, const Placement& placement);
  ~HookedDenoiser() override;

  // `hook` sees every forward pass from now on; nullptr for none. It must
  // outlive its installation.
  void Install(LayerHook* hook) { hook_ = hook; }

  // Throws Error also if a hook point was not reached, which would leave a
  // concept half erased.
  at::Tensor Predict(const at::Tensor& latents, double timestep,
                     const Conditioning& conditioning) override;

  const std::vector<HookPoint>& hook_points() const;

 private:
  class CallCounter;

  HookSlot slot_;
  std::unique_ptr<CallCounter> counter_;
  Unet unet_;
  LayerHook* hook_ = nullptr;
};

}  // namespace gloce
