// Small erasers with random numbers, for tests.
#pragma once

#include <ATen/ATen.h>

#include "bundle/manifest.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

// Erasers of one concept for hook points `hooks`, ranks r1 = 2, r3 =
// `rank_gate`.
inline Erasers SampleErasers(const std::string& name,
                             const std::vector<HookPoint>& hooks,
                             const std::string& identity, int64_t rank_gate = 1,
                             int seed = 0) {
  at::manual_seed(static_cast<uint64_t>(seed));
  Erasers erasers;
  erasers.model_identity = identity;
  ConceptInfo info;
  info.settings.name = name;
  info.settings.prompts = {"a picture of a " + name};
  info.settings.mapping = {"a picture of an animal"};
  info.settings.surrogate = {"a picture"};
  info.settings.anchors = {"a picture of a bear"};
  info.settings.rank_gate = rank_gate;
  info.gate_start_timestep = 1001;
  info.tool_version = "test";
  erasers.concepts = {info};
  for (const HookPoint& hook : hooks) {
    const int64_t d = hook.width;
    const at::Tensor gate =
        std::get<0>(at::linalg_qr(at::randn({d, rank_gate})));
    erasers.layers.push_back(
        {hook.path, d, at::randn({1, d, 2}), at::randn({1, 2, d}),
         at::randn({1, d}), at::randn({1, d}), gate.unsqueeze(0).contiguous(),
         at::randn({1, d}), at::full({1}, 0.02), at::full({1}, 100.0)});
  }
  return erasers;
}

}  // namespace gloce
