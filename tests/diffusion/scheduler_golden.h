// What the scheduler tests share with scripts/make_scheduler_golden.py: its
// files, its starting noise and its analytic denoiser.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gloce/diffusion/scheduler.h"

namespace gloce {

// tests/data/golden/<name>.
nlohmann::json ReadGolden(const std::string& name);

SchedulerConfig ConfigFrom(const nlohmann::json& config);
// A config of `class_name` with Stable Diffusion's betas and `fields` on top.
SchedulerConfig StableDiffusionConfig(const nlohmann::json& fields = {});

// (2, 2, 2, 2), float32.
at::Tensor StartNoise();
at::Tensor Denoise(const at::Tensor& latents, double timestep);

// The latents after a run from `noise` times init_noise_sigma. The denoiser
// gets the scaled latents and the timestep.
using DenoiserFunction =
    std::function<at::Tensor(const at::Tensor& latents, double timestep)>;
at::Tensor RunScheduler(Scheduler& scheduler, int64_t num_inference_steps,
                        const at::Tensor& noise,
                        const DenoiserFunction& denoiser = Denoise);

// max |got - expected| / max |expected|.
double RelativeError(const at::Tensor& got, const at::Tensor& expected);

}  // namespace gloce
