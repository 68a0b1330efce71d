// Erasers of three concepts with different ranks, for tests of published
// checkpoints.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "erasure/sample_erasers.h"

namespace gloce {

inline const std::vector<HookPoint> kHooks = {
    {"down_blocks.0.attentions.0.attn2.to_out.0", 8, ""},
    {"mid_block.attn2.to_out.0", 6, ""}};

// Ranks of 2, 3 and 1 in the map and 1, 2 and 1 in the gate: padded to 3 and 2.
inline Erasers ThreeConcepts() {
  Erasers wide = SampleErasers("Brad Pitt", kHooks, "model", 2, 2);
  wide.concepts[0].settings.rank_map = 3;
  for (LayerErasers& layer : wide.layers) {
    layer.map_up = at::randn({1, layer.width, 3});
    layer.map_down = at::randn({1, 3, layer.width});
  }
  Erasers narrow = SampleErasers("owl", kHooks, "model", 1, 3);
  narrow.concepts[0].settings.rank_map = 1;
  for (LayerErasers& layer : narrow.layers) {
    layer.map_up = layer.map_up.narrow(2, 0, 1).contiguous();
    layer.map_down = layer.map_down.narrow(1, 0, 1).contiguous();
    layer.gate_center = at::full({1}, -0.0);  // its sign is kept, too
  }
  return MergeErasers(
      {SampleErasers("cat", kHooks, "model", 1, 1), wide, narrow});
}

inline void ExpectSameBits(const at::Tensor& a, const at::Tensor& b) {
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_TRUE(
      a.contiguous().view(at::kInt).equal(b.contiguous().view(at::kInt)));
}

}  // namespace gloce
