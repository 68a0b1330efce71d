#pragma once

#include <ATen/core/Tensor.h>

#include "diffusion/sigma_scheduler.h"

namespace gloce {

// Euler's method over noise levels without added noise: algorithm 2 of arXiv
// 2206.00364 with S_churn = 0 and no second-order correction.
class EulerScheduler : public SigmaScheduler {
 public:
  // Throws Error if the config asks for exponential or beta sigmas, for
  // log-linear interpolation or for continuous timesteps.
  explicit EulerScheduler(const SchedulerConfig& config);

 protected:
  at::Tensor StepInOrder(const at::Tensor& model_output, size_t step_index,
                         const at::Tensor& latents) override;
};

}  // namespace gloce
