// Activations of a bundle's hook points, kept for reference computations.
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <vector>

#include "erasure/hooked_denoiser.h"
#include "gloce/diffusion/pipeline.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

// [layer][call] -> x (T, D) of the conditional half, calls start < k <= end of
// one prompt and seed, sampled as the fit samples.
using Recording = std::vector<std::map<int64_t, at::Tensor>>;

class Recorder : public LayerHook {
 public:
  explicit Recorder(size_t layers) : recording(layers) {}
  bool BeginForward(const ForwardContext& context) override {
    ++call;
    unconditional_ = context.num_unconditional;
    return true;
  }
  at::Tensor OnActivation(at::Tensor x, size_t layer) override {
    recording[layer][call] = x[unconditional_].clone();
    return x;
  }
  Recording recording;
  int64_t call = -1;

 private:
  int64_t unconditional_ = 0;
};

inline Recording Record(Pipeline& pipeline, HookedDenoiser& denoiser,
                        const std::string& prompt, int64_t seed,
                        const StatisticsSettings& statistics) {
  Recorder recorder(denoiser.hook_points().size());
  denoiser.Install(&recorder);
  SamplingSettings settings;
  settings.num_inference_steps = statistics.num_inference_steps;
  settings.guidance_scale = statistics.guidance_scale;
  settings.last_call = statistics.window_end;
  int64_t width = 0;
  int64_t height = 0;
  pipeline.CheckSize(width, height);
  const auto scheduler = pipeline.MakeScheduler(statistics.scheduler);
  pipeline.Sample(denoiser, *scheduler, {{prompt, "", seed}}, width, height,
                  settings);
  denoiser.Install(nullptr);
  for (auto& layer : recorder.recording) {
    std::erase_if(layer, [&](const auto& item) {
      return item.first <= statistics.window_start ||
             item.first > statistics.window_end;
    });
  }
  return recorder.recording;
}

}  // namespace gloce
