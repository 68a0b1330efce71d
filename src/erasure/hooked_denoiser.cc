#include "erasure/hooked_denoiser.h"

#include <ATen/core/Tensor.h>

#include "bundle/manifest.h"
#include "erasure/graph_surgery.h"
#include "gloce/base/error.h"
#include "gloce/bundle/bundle.h"

namespace gloce {

// Passes activations on and counts them, so that a hook point that the network
// skips is noticed.
class HookedDenoiser::CallCounter : public ActivationObserver {
 public:
  explicit CallCounter(std::vector<HookPoint> hooks)
      : hooks_(std::move(hooks)), calls_(hooks_.size()) {}

  void Begin(LayerHook* hook) {
    hook_ = hook;
    calls_.assign(hooks_.size(), 0);
  }

  at::Tensor OnActivation(at::Tensor x, size_t layer) override {
    if (x.dim() != 3 || x.size(2) != hooks_[layer].width) {
      throw Error(hooks_[layer].path + ": its output is not (B, T, " +
                  std::to_string(hooks_[layer].width) + ")");
    }
    ++calls_[layer];
    return hook_->OnActivation(std::move(x), layer);
  }

  void CheckAllCalled() const {
    for (size_t i = 0; i < calls_.size(); ++i) {
      if (calls_[i] == 0) {
        throw Error(
            hooks_[i].path +
            ": this hook point was not reached by the network; export the "
            "pipeline again");
      }
    }
  }

  const std::vector<HookPoint>& hooks() const { return hooks_; }

 private:
  std::vector<HookPoint> hooks_;
  std::vector<int> calls_;
  LayerHook* hook_ = nullptr;
};

HookedDenoiser::HookedDenoiser(const Bundle& bundle, const Placement& placement)
    : counter_(std::make_unique<CallCounter>(bundle.manifest().hooks)),
      unet_(bundle, placement, [&](TorchModule& network) {
        InsertHooks(network, bundle.manifest().hooks, slot_);
      }) {}

HookedDenoiser::~HookedDenoiser() = default;

const std::vector<HookPoint>& HookedDenoiser::hook_points() const {
  return counter_->hooks();
}

at::Tensor HookedDenoiser::Predict(const at::Tensor& latents, double timestep,
                                   const Conditioning& conditioning) {
  const ForwardContext context{timestep, latents.size(0),
                               conditioning.num_unconditional, latents.size(2),
                               latents.size(3)};
  const bool act = hook_ != nullptr && hook_->BeginForward(context);
  if (!act) return unet_.Predict(latents, timestep, conditioning);
  counter_->Begin(hook_);
  slot_.Install(counter_.get());
  struct Uninstall {
    HookSlot& slot;
    ~Uninstall() { slot.Install(nullptr); }
  } const uninstall{slot_};
  at::Tensor output = unet_.Predict(latents, timestep, conditioning);
  counter_->CheckAllCalled();
  return output;
}

}  // namespace gloce
