#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
#include <vector>

#include "gloce/diffusion/scheduler.h"

namespace gloce {

// Pseudo numerical methods (arXiv 2202.09778): a linear multistep method of
// order 4, warmed up by three Runge-Kutta steps of four calls each, or, with
// `skip_prk_steps`, by lower orders and one repeated call (PLMS).
class PndmScheduler : public Scheduler {
 public:
  // Throws Error if the denoiser predicts the sample, which PNDM cannot use.
  explicit PndmScheduler(const SchedulerConfig& config);

 protected:
  // Throws UsageError for fewer than 4 steps unless `skip_prk_steps`.
  std::vector<double> BeginRun(int64_t num_inference_steps) override;
  at::Tensor StepInOrder(const at::Tensor& model_output, size_t step_index,
                         const at::Tensor& latents) override;

 private:
  at::Tensor RungeKuttaStep(at::Tensor model_output, size_t step_index,
                            const at::Tensor& latents);
  at::Tensor MultistepStep(const at::Tensor& model_output, size_t step_index,
                           const at::Tensor& latents);
  // The weighted sum of the last outputs, of order ets_.size().
  at::Tensor CombineOutputs() const;
  // Equation (9): from timestep `t` to `prev_t`; below 0 is the finished image.
  at::Tensor Transfer(const at::Tensor& latents, int64_t t, int64_t prev_t,
                      at::Tensor model_output) const;
  // Training timesteps from one inference step to the next.
  int64_t StepRatio() const;

  float final_alpha_cumprod_;  // after the last step
  size_t num_prk_calls_ = 0;
  std::deque<at::Tensor> ets_;   // the last outputs, at most 4, newest last
  at::Tensor cur_sample_;        // latents that a warm-up step began with
  at::Tensor cur_model_output_;  // Runge-Kutta sum so far
};

}  // namespace gloce
