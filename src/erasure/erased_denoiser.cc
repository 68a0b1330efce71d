#include "gloce/erasure/erased_denoiser.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "bundle/manifest.h"
#include "erasure/hooked_denoiser.h"
#include "erasure/layer_update.h"
#include "erasure/moments.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// Applies erasers to every activation of the passes at or below their noise
// level.
class EraserHook final : public LayerHook {
 public:
  EraserHook(const Erasers& erasers, double strength, c10::Device device)
      : device_(device) {
    for (const ConceptInfo& info : erasers.concepts) {
      gate_start_timesteps_.push_back(info.gate_start_timestep);
    }
    for (const LayerErasers& layer : erasers.layers) {
      layers_.emplace_back(layer, erasers.concepts, strength, device);
    }
  }

  bool BeginForward(const ForwardContext& context) override {
    context_ = context;
    const int64_t images = context.batch - context.num_unconditional;
    if (!activity_.defined() || activity_.size(0) != images)
      ResetActivity(images);
    ++forwards_;
    std::vector<uint8_t> waiting;
    size_t num_waiting = 0;
    for (const double start : gate_start_timesteps_) {
      waiting.push_back(context.timestep > start);
      num_waiting += waiting.back();
    }
    if (num_waiting == waiting.size()) return false;
    if (num_waiting == 0) {
      waiting_mask_ = at::Tensor();
    } else if (waiting != waiting_) {  // a copy to the device, once for each
                                       // change of the set
      waiting_mask_ = at::tensor(waiting, at::kByte).to(at::kBool).to(device_);
    }
    waiting_ = num_waiting == 0 ? std::vector<uint8_t>() : waiting;
    if (records_) {
      recorded_.push_back(
          {context.timestep, std::vector<at::Tensor>(layers_.size())});
    }
    return true;
  }

  at::Tensor OnActivation(at::Tensor x, size_t layer) override {
    const LayerUpdate& update = layers_[layer];
    const bool in_place = OwnsValues(x) && x.is_contiguous();
    const at::Tensor rows = x.reshape({-1, x.size(2)}).contiguous();
    const WidestGates widest = update.Widest(rows, waiting_mask_);
    CountActivity(layer, x.size(1), widest);
    if (records_) Record(layer, x.size(1), widest);
    const at::Tensor changed = update.Apply(rows, widest, in_place);
    return changed.is_same(rows) ? x : changed.reshape(x.sizes());
  }

  void RecordGates(bool records) { records_ = records; }

  GateRecord TakeRecord() {
    GateRecord record;
    for (const RecordedStep& step : recorded_)
      record.timesteps.push_back(step.timestep);
    for (size_t l = 0; l < layers_.size() && !recorded_.empty(); ++l) {
      std::vector<at::Tensor> steps;
      for (const RecordedStep& step : recorded_)
        steps.push_back(step.acting[l]);
      GateRecord::Layer layer;
      layer.acting = at::stack(steps).cpu();
      std::tie(layer.height, layer.width) = TokenMapSize(
          layer.acting.size(2), context_.latent_height, context_.latent_width);
      record.layers.push_back(std::move(layer));
    }
    recorded_.clear();
    return record;
  }

  // Shares of all conditional tokens, layers and steps since the last call; (B,
  // N).
  at::Tensor TakeActivity() {
    int64_t tokens = 0;
    for (const int64_t count : tokens_of_layer_) tokens += count;
    at::Tensor shares;
    if (activity_.defined()) {
      shares = (activity_ /
                static_cast<double>(std::max<int64_t>(tokens * forwards_, 1)))
                   .cpu();
    }
    activity_ = at::Tensor();
    return shares;
  }

 private:
  void ResetActivity(int64_t images) {
    activity_ =
        at::zeros({images, static_cast<int64_t>(gate_start_timesteps_.size())},
                  at::TensorOptions().device(device_).dtype(at::kDouble));
    forwards_ = 0;
    tokens_of_layer_.assign(layers_.size(), 0);
  }

  void CountActivity(size_t layer, int64_t tokens, const WidestGates& widest) {
    activity_.scatter_add_(
        1, Conditional(widest.concepts, tokens),
        (Conditional(widest.logit, tokens) > 0).to(at::kDouble));
    tokens_of_layer_[layer] = tokens;
  }

  void Record(size_t layer, int64_t tokens, const WidestGates& widest) {
    const at::Tensor concepts = Conditional(widest.concepts, tokens);
    recorded_.back().acting[layer] =
        ((concepts + 1) * (Conditional(widest.logit, tokens) > 0))
            .to(at::kShort);
  }

  // The conditional rows of one value a token, (B, T).
  at::Tensor Conditional(const at::Tensor& values, int64_t tokens) const {
    return values.reshape({-1, tokens})
        .narrow(0, context_.num_unconditional,
                context_.batch - context_.num_unconditional);
  }

  c10::Device device_;
  std::vector<double> gate_start_timesteps_;
  std::vector<LayerUpdate> layers_;
  ForwardContext context_{};
  std::vector<uint8_t>
      waiting_;              // concepts whose noise level is not reached yet
  at::Tensor waiting_mask_;  // (N) bool; undefined if none waits
  at::Tensor activity_;      // (B, N) tokens with s > 1/2
  int64_t forwards_ = 0;
  std::vector<int64_t> tokens_of_layer_;
  // One step's record, on the device: int16 (B, T) of each layer.
  struct RecordedStep {
    double timestep = 0;
    std::vector<at::Tensor> acting;
  };
  bool records_ = false;
  std::vector<RecordedStep> recorded_;
};

void CheckIdentityAndHooks(const Erasers& erasers,
                           const std::string& model_identity,
                           const std::vector<HookPoint>& hooks,
                           const std::string& folder) {
  if (erasers.model_identity != model_identity) {
    throw Error("these erasers were built for another model: identity " +
                erasers.model_identity.substr(0, 12) + "…, but " + folder +
                " has " + model_identity.substr(0, 12) +
                "…; build them for this bundle");
  }
  if (erasers.layers.size() != hooks.size()) {
    throw Error("these erasers have " + std::to_string(erasers.layers.size()) +
                " hook points, but " + folder + " has " +
                std::to_string(hooks.size()));
  }
  for (size_t i = 0; i < hooks.size(); ++i) {
    const LayerErasers& layer = erasers.layers[i];
    const HookPoint& hook = hooks[i];
    if (layer.path != hook.path || layer.width != hook.width) {
      throw Error("hook point " + std::to_string(i) + ": the erasers have " +
                  layer.path + " (" + std::to_string(layer.width) + "), " +
                  folder + " has " + hook.path + " (" +
                  std::to_string(hook.width) + ")");
    }
  }
}

}  // namespace

void CheckErasersFit(const Erasers& erasers, const Bundle& bundle) {
  const BundleManifest& manifest = bundle.manifest();
  CheckIdentityAndHooks(erasers, manifest.model_identity, manifest.hooks,
                        bundle.folder());
}

class ErasedDenoiser::Impl {
 public:
  Impl(const Bundle& bundle, const Placement& placement, const Erasers& erasers,
       double strength)
      : denoiser(bundle, placement),
        model_identity(bundle.model_identity()),
        folder(bundle.folder()),
        device(placement.device) {
    Install(erasers, strength);
  }

  void Install(const Erasers& erasers, double strength) {
    if (erasers.concepts.empty()) {
      denoiser.Install(nullptr);
      hook.reset();
      return;
    }
    auto fresh = std::make_unique<EraserHook>(erasers, strength, device);
    fresh->RecordGates(records_gates);
    denoiser.Install(fresh.get());
    hook = std::move(fresh);
  }

  HookedDenoiser denoiser;
  std::string model_identity, folder;
  c10::Device device;
  bool records_gates = false;
  std::unique_ptr<EraserHook> hook;
};

ErasedDenoiser::ErasedDenoiser(const Bundle& bundle, const Placement& placement,
                               const Erasers& erasers, double strength) {
  CheckErasersFit(erasers, bundle);
  impl_ = std::make_unique<Impl>(bundle, placement, erasers, strength);
}

ErasedDenoiser::~ErasedDenoiser() = default;

void ErasedDenoiser::SetErasers(const Erasers& erasers, double strength) {
  CheckIdentityAndHooks(erasers, impl_->model_identity,
                        impl_->denoiser.hook_points(), impl_->folder);
  impl_->Install(erasers, strength);
}

at::Tensor ErasedDenoiser::Predict(const at::Tensor& latents, double timestep,
                                   const Conditioning& conditioning) {
  return impl_->denoiser.Predict(latents, timestep, conditioning);
}

at::Tensor ErasedDenoiser::TakeGateActivity() {
  return impl_->hook ? impl_->hook->TakeActivity() : at::Tensor();
}

void ErasedDenoiser::RecordGates(bool records) {
  impl_->records_gates = records;
  if (impl_->hook) impl_->hook->RecordGates(records);
}

GateRecord ErasedDenoiser::TakeGateRecord() {
  return impl_->hook ? impl_->hook->TakeRecord() : GateRecord();
}

}  // namespace gloce
