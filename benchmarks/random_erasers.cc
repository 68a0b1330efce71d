#include "random_erasers.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "erasure/gate_bank.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// So steep that hardly a token lies on a gate's edge. The published slope,
// 1838, fits the p of real concepts; p of random directions in D dimensions is
// ~1/D.
constexpr double kSlope = 1e7;
constexpr double kClosed = 2;  // above every p, which is <= 1
constexpr double kOpen = -1;

}  // namespace

std::vector<HookPoint> Sd14Hooks() {
  std::vector<HookPoint> hooks;
  for (const LayerSize& size : kSd14Layers) {
    for (int64_t i = 0; i < size.count; ++i) {
      hooks.push_back({"layer" + std::to_string(hooks.size()), size.width,
                       "cross_attention_output"});
    }
  }
  return hooks;
}

Erasers RandomErasers(const std::vector<HookPoint>& hooks,
                      const std::string& model_identity, int64_t num_concepts,
                      Surrogates surrogates, uint64_t seed) {
  at::manual_seed(seed);
  Erasers erasers;
  erasers.model_identity = model_identity;
  for (int64_t n = 0; n < num_concepts; ++n) {
    ConceptInfo info;
    info.settings.name = "concept " + std::to_string(n);
    info.settings.prompts = {info.settings.name};
    info.settings.mapping = {"mapping"};
    info.settings.surrogate = {"surrogate"};
    info.settings.anchors = {"anchor"};
    info.gate_start_timestep = 1001;  // all steps
    info.tool_version = "benchmark";
    erasers.concepts.push_back(std::move(info));
  }
  for (const HookPoint& hook : hooks) {
    const int64_t d = hook.width;
    const at::Tensor gate = at::randn({num_concepts, d, 1});
    const int64_t num_means =
        surrogates == Surrogates::kShared ? 1 : num_concepts;
    const at::Tensor means = at::randn({num_means, d}) * 0.01;
    erasers.layers.push_back(
        {hook.path, d, at::randn({num_concepts, d, 2}) / std::sqrt(d),
         at::randn({num_concepts, 2, d}) / std::sqrt(d),
         at::randn({num_concepts, d}), at::randn({num_concepts, d}),
         gate / gate.norm(2, {1}, /*keepdim=*/true),
         means.expand({num_concepts, d}).contiguous(),
         at::full({num_concepts}, kClosed), at::full({num_concepts}, kSlope)});
  }
  return erasers;
}

void OpenGates(Erasers& erasers, const std::vector<at::Tensor>& activations,
               double share) {
  if (activations.size() != erasers.layers.size()) {
    throw Error("activations: got " + std::to_string(activations.size()) +
                " layers, expected " + std::to_string(erasers.layers.size()));
  }
  for (size_t i = 0; i < activations.size(); ++i) {
    LayerErasers& layer = erasers.layers[i];
    if (share >= 1) {
      layer.gate_center.fill_(kOpen);
      continue;
    }
    const GateBank bank(layer.gate_basis, layer.surrogate_mean, at::kCPU);
    const at::Tensor rows =
        activations[i].to(at::kCPU, at::kFloat).reshape({-1, layer.width});
    const at::Tensor widest =
        std::get<0>(bank.Projections(rows).max(1)).to(at::kDouble);
    const int64_t tokens = widest.size(0);
    const int64_t open =
        std::max<int64_t>(1, std::llround(share * static_cast<double>(tokens)));
    // Between the open tokens' smallest and the next p.
    const at::Tensor sorted = std::get<0>(widest.sort(0, /*descending=*/true));
    const double above = sorted[open - 1].item<double>();
    const double below = open < tokens ? sorted[open].item<double>() : kOpen;
    layer.gate_center.fill_((above + below) / 2);
  }
}

}  // namespace gloce
