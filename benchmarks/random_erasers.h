// Erasers of random numbers, and Stable Diffusion 1.4's layer sizes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

// Hook points of one size in SD 1.4 at 512×512 pixels.
struct LayerSize {
  int64_t count;   // how many of the 16
  int64_t tokens;  // T
  int64_t width;   // D
};
inline constexpr LayerSize kSd14Layers[] = {
    {5, 4096, 320}, {5, 1024, 640}, {5, 256, 1280}, {1, 64, 1280}};

// SD 1.4's 16 hook points; paths are made up.
std::vector<HookPoint> Sd14Hooks();

// One for all, as the presets for people and styles have it, or one each.
enum class Surrogates { kShared, kDistinct };

// N concepts with the published ranks (2, 16, 1). Gates are closed until
// OpenGates.
Erasers RandomErasers(const std::vector<HookPoint>& hooks,
                      const std::string& model_identity, int64_t num_concepts,
                      Surrogates surrogates = Surrogates::kShared,
                      uint64_t seed = 0);

// Sets each layer's threshold so that some concept's gate is open (s > 1/2) on
// `share` of the tokens of `activations`, one (B, T, D) a layer, and every gate
// is shut to s < 1e-7 on the others.
void OpenGates(Erasers& erasers, const std::vector<at::Tensor>& activations,
               double share);

}  // namespace gloce
