#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
#include <vector>

#include "gloce/diffusion/scheduler.h"

namespace gloce {

// The linear multistep method of order 4 over noise levels, as in k-diffusion
// (crowsonkb/k-diffusion, sample_lms). Its latents are the clean image plus
// noise of standard deviation sigma.
class LmsScheduler : public Scheduler {
 public:
  // Throws Error if the config asks for exponential or beta sigmas.
  explicit LmsScheduler(const SchedulerConfig& config);

  double init_noise_sigma() const override { return init_noise_sigma_; }
  at::Tensor ScaleModelInput(const at::Tensor& latents,
                             size_t step_index) const override;

 protected:
  std::vector<double> BeginRun(int64_t num_inference_steps) override;
  at::Tensor StepInOrder(const at::Tensor& model_output, size_t step_index,
                         const at::Tensor& latents) override;

 private:
  TimestepSpacing spacing() const;

  std::vector<float> sigmas_;  // one per step, then 0
  double init_noise_sigma_ = 0.0;
  std::deque<at::Tensor> derivatives_;  // d latents / d sigma, newest first
};

// The integral of the Lagrange basis polynomial of `nodes[current]` from
// `begin` to `end`, for at most 4 distinct nodes. Exact but for rounding.
double LagrangeIntegral(const std::vector<double>& nodes, size_t current,
                        double begin, double end);

}  // namespace gloce
