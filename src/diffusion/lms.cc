#include "diffusion/lms.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "diffusion/noise_schedule.h"
#include "diffusion/timesteps.h"
#include "gloce/base/error.h"

// Notation (name here -> name in arXiv 2206.00364)
//   latents     -> x, where x = x_0 + sigma noise
//   derivative  -> dx / dsigma = (x - D(x; sigma)) / sigma, equation (3)

namespace gloce {
namespace {

constexpr size_t kOrder = 4;

}  // namespace

double LagrangeIntegral(const std::vector<double>& nodes, size_t current,
                        double begin, double end) {
  const auto basis = [&](double x) {
    double product = 1.0;
    for (size_t k = 0; k < nodes.size(); ++k) {
      if (k == current) continue;
      product *= (x - nodes[k]) / (nodes[current] - nodes[k]);
    }
    return product;
  };
  // Gauss-Legendre with two points: exact up to degree 3.
  const double middle = (begin + end) / 2.0;
  const double half = (end - begin) / 2.0;
  const double offset = half / std::sqrt(3.0);
  return half * (basis(middle - offset) + basis(middle + offset));
}

LmsScheduler::LmsScheduler(const SchedulerConfig& config)
    : Scheduler("lms", config,
                AlphasCumprod(config, /*rescale_zero_snr=*/false)) {
  const char* unsupported = config.use_exponential_sigmas
                                ? "use_exponential_sigmas"
                            : config.use_beta_sigmas ? "use_beta_sigmas"
                                                     : nullptr;
  if (unsupported != nullptr) {
    throw Error(config.origin + ": " + unsupported +
                ": got true, expected false; of the spacings of sigmas lms "
                "has only use_karras_sigmas");
  }
}

TimestepSpacing LmsScheduler::spacing() const {
  return config().timestep_spacing.value_or(TimestepSpacing::kLinspace);
}

std::vector<double> LmsScheduler::BeginRun(int64_t num_inference_steps) {
  std::vector<double> timesteps =
      SpacedTimesteps(spacing(), num_train_timesteps(), num_inference_steps,
                      config().steps_offset, LinspaceValues::kFloat32);
  RequireSignal(alphas_cumprod(), timesteps, config().origin, "lms");
  const std::vector<float> table = Sigmas(alphas_cumprod());
  std::vector<double> sigmas = InterpolateSigmas(table, timesteps);
  if (config().use_karras_sigmas) {
    sigmas = KarrasSigmas(sigmas);
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
  const float max = *std::max_element(sigmas_.begin(), sigmas_.end());
  init_noise_sigma_ = spacing() == TimestepSpacing::kLeading
                          ? std::sqrt(max * max + 1.0F)
                          : max;
  sigmas_.push_back(0.0F);
  derivatives_.clear();
  return timesteps;
}

at::Tensor LmsScheduler::ScaleModelInput(const at::Tensor& latents,
                                         size_t step_index) const {
  const float sigma = sigmas_.at(step_index);
  return latents / std::sqrt(sigma * sigma + 1.0F);
}

at::Tensor LmsScheduler::StepInOrder(const at::Tensor& model_output,
                                     size_t step_index,
                                     const at::Tensor& latents) {
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
  derivatives_.push_front((latents - pred_original_sample) / sigma);
  if (derivatives_.size() > kOrder) derivatives_.pop_back();

  // nodes[k] is the noise level of derivatives_[k].
  std::vector<double> nodes;
  for (size_t k = 0; k < derivatives_.size(); ++k) {
    nodes.push_back(sigmas_[step_index - k]);
  }
  at::Tensor change;
  for (size_t k = 0; k < nodes.size(); ++k) {
    const double coefficient =
        LagrangeIntegral(nodes, k, sigma, sigmas_[step_index + 1]);
    const at::Tensor term = coefficient * derivatives_[k];
    change = k == 0 ? term : change + term;
  }
  return latents + change;
}

}  // namespace gloce
