#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "gloce/diffusion/scheduler.h"

namespace gloce {

// DPM-Solver++(2M), algorithm 2 of arXiv 2211.01095: a multistep method of
// order 2 for the integral of the predicted x_0 over half the logarithm of the
// signal-to-noise ratio (lambda).
class Dpmpp2mScheduler : public Scheduler {
 public:
  // Throws Error if the config asks for another algorithm, another order,
  // dynamic thresholding, a learned variance, or sigmas other than Karras's.
  explicit Dpmpp2mScheduler(const SchedulerConfig& config);

 protected:
  // Throws UsageError for so many steps that two have the same timestep.
  std::vector<double> BeginRun(int64_t num_inference_steps) override;
  at::Tensor StepInOrder(const at::Tensor& model_output, size_t step_index,
                         const at::Tensor& latents) override;

 private:
  // The coefficients of a step from noise level s to t, as in the paper.
  struct StepCoefficients {
    float alpha_s, sigma_s;  // scales of signal and noise before the step
    float sigma_ratio;       // sigma_t / sigma_s
    float first;             // alpha_t (exp(-h) - 1)
    float heun;              // alpha_t ((exp(-h) - 1) / h + 1)
    float h;                 // lambda_t - lambda_s
  };

  TimestepSpacing spacing() const;
  // The number of timesteps whose lambda is at least lambda_min_clipped.
  int64_t CountUnclipped() const;
  std::vector<StepCoefficients> Coefficients(
      const std::vector<float>& sigmas) const;
  at::Tensor PredictOriginalSample(const at::Tensor& model_output,
                                   const StepCoefficients& step,
                                   const at::Tensor& latents) const;
  bool EndsAtZero() const;
  bool IsFirstOrder(size_t step_index) const;

  bool heun_;
  std::vector<StepCoefficients> steps_;
  at::Tensor previous_;  // the x_0 predicted at the step before
};

}  // namespace gloce
