#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "gloce/diffusion/scheduler.h"

namespace gloce {

// What the schedulers share whose latents are the clean image plus noise of
// standard deviation sigma (arXiv 2206.00364): they solve
//   dx / dsigma = (x - D(x; sigma)) / sigma                   (equation 3)
// from the largest sigma down to the last of sigmas().
class SigmaScheduler : public Scheduler {
 public:
  double init_noise_sigma() const override { return init_noise_sigma_; }
  at::Tensor ScaleModelInput(const at::Tensor& latents,
                             size_t step_index) const override;

 protected:
  // The fields of the config about sigmas that not every subclass's diffusers
  // class has.
  struct Ends {
    FinalSigma final_sigma = FinalSigma::kZero;
    std::optional<double> karras_min, karras_max;
  };

  // Throws Error if the config asks for exponential or beta sigmas.
  SigmaScheduler(const std::string& name, const SchedulerConfig& config,
                 std::vector<float> alphas_cumprod, const Ends& ends);

  std::vector<double> BeginRun(int64_t num_inference_steps) override;

  // dx / dsigma, (B, C, H, W), from the denoiser's output.
  at::Tensor Derivative(const at::Tensor& model_output, size_t step_index,
                        const at::Tensor& latents) const;

  // One per step, then the final one. Float32, as in diffusers.
  const std::vector<float>& sigmas() const { return sigmas_; }

 private:
  TimestepSpacing spacing() const;

  Ends ends_;
  std::vector<float> sigmas_;
  double init_noise_sigma_ = 0.0;
};

}  // namespace gloce
