// What the operator gloce::hook costs in a denoising step of real size.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "bundle/manifest.h"
#include "gloce/bundle/device.h"
#include "gloce/diffusion/denoiser.h"
#include "hook_timer.h"

namespace gloce {

// A timestep at which erasers act.
inline constexpr double kActiveTimestep = 500;

// What a step is given.
struct StepInputs {
  at::Tensor latents;         // (2·batch, C, H, W)
  Conditioning conditioning;  // guided: half of the rows unconditional
};

// Random values, of the model's own size, for `batch` pictures with guidance.
StepInputs RandomStepInputs(const BundleManifest& manifest, int64_t batch,
                            const Placement& placement);

// Medians over the measured steps.
struct StepCost {
  double inside;  // s, in the operator, over all layers
  double step;    // s
  double ratio;   // inside ÷ step, of the same step
};

// Runs `runs` steps, each until the device is done.
StepCost MeasureSteps(Denoiser& denoiser, const StepInputs& inputs,
                      HookTimer& timer, int runs);

}  // namespace gloce
