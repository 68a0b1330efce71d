// The denoising loop.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gloce/diffusion/denoiser.h"
#include "gloce/diffusion/scheduler.h"

namespace gloce {

// Why an image has no picture whose latents are not all finite.
inline constexpr const char* kNotFiniteLatents =
    "latents: some are not finite after the last step";

struct SamplingSettings {
  int64_t num_inference_steps = 50;
  double guidance_scale = 7.5;       // 1 or less: no classifier-free guidance
  std::optional<int64_t> last_call;  // stop after this call, counted from 0
  std::function<void(int64_t call)> on_call;  // after each call of the denoiser
  // Asked before each call whether to stop. `seconds_left` is what the calls
  // that are left take at the pace of those before; infinite before the first.
  std::function<bool(double seconds_left)> interrupted;
  // Told of each image, by its row, whose latents are not all finite after the
  // last call; they are 0 then. Without it they end the sampling.
  std::function<void(int64_t image)> not_finite;
};

// Standard normal noise (B, C, H, W) on the CPU, row b from a generator of its
// own seeded with seeds[b]: what torch.Generator("cpu").manual_seed(seed)
// gives, so that an image depends on its seed and not on its batch, shard or
// device.
at::Tensor InitialNoise(const std::vector<int64_t>& seeds, int64_t channels,
                        int64_t height, int64_t width);

// Denoises from pure noise with classifier-free guidance,
// noise_pred = noise_pred_uncond
//              + guidance_scale · (noise_pred_text − noise_pred_uncond).
//
//   noise: (B, C, H, W) from InitialNoise, on the denoiser's device
//
//   conditioning: 2B rows, unconditional first, if guidance_scale > 1; else B
//
// Returns the latents (B, C, H, W) after the last call. Throws Error; NotFinite
// if some of them are not and nobody is told; Interrupted when asked to stop.
at::Tensor SampleLatents(Denoiser& denoiser, Scheduler& scheduler,
                         const at::Tensor& noise,
                         const Conditioning& conditioning,
                         const SamplingSettings& settings);

}  // namespace gloce
