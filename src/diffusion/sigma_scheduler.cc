#include "diffusion/sigma_scheduler.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "diffusion/noise_schedule.h"
#include "diffusion/timesteps.h"

// Notation (name here -> name in arXiv 2206.00364)
//   latents               -> x
//   pred_original_sample  -> D(x; sigma)
// Coefficients are float32 and multiply in diffusers' order.

namespace gloce {

SigmaScheduler::SigmaScheduler(const std::string& name,
                               const SchedulerConfig& config,
                               std::vector<float> alphas_cumprod,
                               const Ends& ends)
    : Scheduler(NameWithSpacing(name, config), config,
                std::move(alphas_cumprod)),
      ends_(ends) {
  RequireKnownSigmas(config, name);
}

TimestepSpacing SigmaScheduler::spacing() const {
  return config().timestep_spacing.value_or(TimestepSpacing::kLinspace);
}

std::vector<double> SigmaScheduler::BeginRun(int64_t num_inference_steps) {
  std::vector<double> timesteps =
      SpacedTimesteps(spacing(), num_train_timesteps(), num_inference_steps,
                      config().steps_offset, LinspaceValues::kFloat32);
  RequireSignal(alphas_cumprod(), timesteps, config().origin, name());
  const std::vector<float> table = Sigmas(alphas_cumprod());
  std::vector<double> sigmas = InterpolateSigmas(table, timesteps);
  if (config().use_karras_sigmas) {
    sigmas =
        KarrasSigmas(ends_.karras_max.value_or(sigmas.front()),
                     ends_.karras_min.value_or(sigmas.back()), sigmas.size());
    std::transform(sigmas.begin(), sigmas.end(), timesteps.begin(),
                   [&](double sigma) {
                     // float32, as diffusers hands it to the denoiser
                     return static_cast<float>(SigmaToTimestep(sigma, table));
                   });
  }
  sigmas_.clear();
  for (const double sigma : sigmas) {
    sigmas_.push_back(static_cast<float>(sigma));
  }
  sigmas_.push_back(ends_.final_sigma == FinalSigma::kZero ? 0.0F
                                                           : table.front());
  const float max = *std::max_element(sigmas_.begin(), sigmas_.end());
  init_noise_sigma_ = spacing() == TimestepSpacing::kLeading
                          ? std::sqrt(max * max + 1.0F)
                          : max;
  return timesteps;
}

at::Tensor SigmaScheduler::ScaleModelInput(const at::Tensor& latents,
                                           size_t step_index) const {
  const float sigma = sigmas_.at(step_index);
  return latents / std::sqrt(sigma * sigma + 1.0F);
}

at::Tensor SigmaScheduler::Derivative(const at::Tensor& model_output,
                                      size_t step_index,
                                      const at::Tensor& latents) const {
  const float sigma = sigmas_[step_index];
  const float variance = sigma * sigma + 1.0F;
  at::Tensor pred_original_sample;
  switch (prediction_type()) {
    case PredictionType::kEpsilon:
      pred_original_sample = latents - sigma * model_output;
      break;
    case PredictionType::kVPrediction:
      pred_original_sample =
          model_output * (-sigma / std::sqrt(variance)) + latents / variance;
      break;
    case PredictionType::kSample:
      pred_original_sample = model_output;
      break;
  }
  return (latents - pred_original_sample) / sigma;
}

}  // namespace gloce
