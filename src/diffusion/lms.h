#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
#include <vector>

#include "diffusion/sigma_scheduler.h"

namespace gloce {

// The linear multistep method of order 4 over noise levels, as in k-diffusion
// (crowsonkb/k-diffusion, sample_lms).
class LmsScheduler : public SigmaScheduler {
 public:
  // Throws Error if the config asks for exponential or beta sigmas.
  explicit LmsScheduler(const SchedulerConfig& config);

 protected:
  std::vector<double> BeginRun(int64_t num_inference_steps) override;
  at::Tensor StepInOrder(const at::Tensor& model_output, size_t step_index,
                         const at::Tensor& latents) override;

 private:
  std::deque<at::Tensor> derivatives_;  // d latents / d sigma, newest first
};

// The integral of the Lagrange basis polynomial of `nodes[current]` from
// `begin` to `end`, for at most 4 distinct nodes. Exact but for rounding.
double LagrangeIntegral(const std::vector<double>& nodes, size_t current,
                        double begin, double end);

}  // namespace gloce
