#include "diffusion/ddim.h"

#include <ATen/ATen.h>

#include <cmath>

#include "diffusion/noise_schedule.h"
#include "diffusion/timesteps.h"
#include "gloce/base/error.h"

// Notation (name here -> name in arXiv 2010.02502)
//   latents               -> x_t
//   pred_epsilon          -> epsilon_theta(x_t, t)
//   pred_original_sample  -> f_theta(x_t, t), "predicted x_0"
//   alpha_prod_t          -> alpha_t
// Coefficients are float32 and multiply in diffusers' order: the results are
// then equal to the last bit on the CPU.

namespace gloce {

DdimScheduler::DdimScheduler(const SchedulerConfig& config)
    : Scheduler("ddim", config, AlphasCumprod(config, ZeroSnr::kExact)),
      final_alpha_cumprod_(config.set_alpha_to_one.value_or(true)
                               ? 1.0F
                               : alphas_cumprod().front()) {
  if (config.thresholding) {
    throw Error(config.origin +
                ": thresholding: got true, expected false; dynamic "
                "thresholding is for models of pixels, not of latents");
  }
}

std::vector<double> DdimScheduler::BeginRun(int64_t num_inference_steps) {
  std::vector<double> timesteps = SpacedTimesteps(
      config().timestep_spacing.value_or(TimestepSpacing::kLeading),
      num_train_timesteps(), num_inference_steps, config().steps_offset,
      LinspaceValues::kRounded);
  if (prediction_type() == PredictionType::kEpsilon) {
    RequireSignal(alphas_cumprod(), timesteps, config().origin,
                  "ddim with prediction_type epsilon");
  }
  return timesteps;
}

at::Tensor DdimScheduler::StepInOrder(const at::Tensor& model_output,
                                      size_t step_index,
                                      const at::Tensor& latents) {
  const auto t = static_cast<int64_t>(timesteps()[step_index]);
  const int64_t prev_t = t - num_train_timesteps() / num_inference_steps();
  const float alpha_prod_t = alphas_cumprod().at(static_cast<size_t>(t));
  const float alpha_prod_t_prev =
      prev_t >= 0 ? alphas_cumprod()[static_cast<size_t>(prev_t)]
                  : final_alpha_cumprod_;
  const float sqrt_alpha = std::sqrt(alpha_prod_t);
  const float sqrt_beta = std::sqrt(1.0F - alpha_prod_t);

  at::Tensor pred_original_sample;
  at::Tensor pred_epsilon;
  switch (prediction_type()) {
    case PredictionType::kEpsilon:
      pred_original_sample = (latents - sqrt_beta * model_output) / sqrt_alpha;
      pred_epsilon = model_output;
      break;
    case PredictionType::kVPrediction:
      pred_original_sample = sqrt_alpha * latents - sqrt_beta * model_output;
      pred_epsilon = sqrt_alpha * model_output + sqrt_beta * latents;
      break;
    case PredictionType::kSample:
      pred_original_sample = model_output;
      pred_epsilon = (latents - sqrt_alpha * model_output) / sqrt_beta;
      break;
  }
  if (config().clip_sample) {
    // As in diffusers, pred_epsilon is not derived again from the clipped x_0.
    const double range = config().clip_sample_range;
    pred_original_sample = pred_original_sample.clamp(-range, range);
  }
  // Equation (12) with sigma_t = 0.
  return std::sqrt(alpha_prod_t_prev) * pred_original_sample +
         std::sqrt(1.0F - alpha_prod_t_prev) * pred_epsilon;
}

}  // namespace gloce
