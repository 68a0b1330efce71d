#pragma once

#include <vector>

#include "gloce/diffusion/scheduler.h"

namespace gloce {

// DDIM (arXiv 2010.02502) with eta = 0: deterministic.
class DdimScheduler : public Scheduler {
 public:
  // Throws Error if the config asks for dynamic thresholding.
  explicit DdimScheduler(const SchedulerConfig& config);

 protected:
  std::vector<double> BeginRun(int64_t num_inference_steps) override;
  at::Tensor StepInOrder(const at::Tensor& model_output, size_t step_index,
                         const at::Tensor& latents) override;

 private:
  float final_alpha_cumprod_;  // after the last step
};

}  // namespace gloce
