// What a sampler needs of a denoising network, whatever its family.
#pragma once

#include <ATen/core/Tensor.h>

namespace gloce {

// What the denoiser is conditioned on. Rows [0, num_unconditional) are the
// unconditional half of classifier-free guidance; the others follow in the same
// order. One value type for every family: further families add their tensors
// here (pooled embeddings, time ids, masks).
struct Conditioning {
  at::Tensor encoder_hidden_states;  // (B, L, D)
  int64_t num_unconditional = 0;     // 0 (no guidance) or B / 2
};

class Denoiser {
 public:
  virtual ~Denoiser() = default;

  // The network's output for one denoising step.
  //   latents   (B, C, H, W), after Scheduler::ScaleModelInput
  //   timestep  in [0, num_train_timesteps), fractional for some schedulers
  // Returns (B, C, H, W). Throws Error if a shape differs.
  virtual at::Tensor Predict(const at::Tensor& latents, double timestep,
                             const Conditioning& conditioning) = 0;
};

}  // namespace gloce
