#include "diffusion/noise_schedule.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "gloce/base/error.h"

// Notation (name here -> name in arXiv 2006.11239)
//   betas[t]           -> beta_t
//   alphas_cumprod[t]  -> alpha-bar_t
//   sigmas[t]          -> standard deviation of the noise in x_t /
//   sqrt(alpha-bar_t)

namespace gloce {
namespace {

// The square root of alpha-bar at t / num_train, arXiv 2102.09672, eq. (17).
double CosineAlphaBar(double t) {
  return std::pow(std::cos((t + 0.008) / 1.008 * std::numbers::pi / 2.0), 2.0);
}

std::vector<double> CosineBetas(int64_t num_train_timesteps) {
  const auto count = static_cast<double>(num_train_timesteps);
  std::vector<double> betas;
  for (int64_t i = 0; i < num_train_timesteps; ++i) {
    const double here = CosineAlphaBar(static_cast<double>(i) / count);
    const double next = CosineAlphaBar(static_cast<double>(i + 1) / count);
    betas.push_back(std::min(1.0 - next / here, 0.999));
  }
  return betas;
}

at::Tensor Betas(const SchedulerConfig& config) {
  if (!config.trained_betas.empty()) {
    return at::tensor(config.trained_betas, at::kFloat);
  }
  const int64_t count = config.num_train_timesteps;
  switch (config.beta_schedule) {
    case BetaSchedule::kLinear:
      return at::linspace(config.beta_start, config.beta_end, count,
                          at::kFloat);
    case BetaSchedule::kScaledLinear:
      return at::linspace(std::pow(config.beta_start, 0.5),
                          std::pow(config.beta_end, 0.5), count, at::kFloat)
          .pow(2);
    case BetaSchedule::kSquaredCosCapV2:
      break;
  }
  return at::tensor(CosineBetas(count), at::kFloat);
}

// Algorithm 1 of arXiv 2305.08891.
at::Tensor RescaleToZeroTerminalSnr(const at::Tensor& betas) {
  at::Tensor alphas_bar_sqrt = at::cumprod(1.0 - betas, 0).sqrt();
  const at::Tensor first = alphas_bar_sqrt[0].clone();
  const at::Tensor last = alphas_bar_sqrt[-1].clone();
  alphas_bar_sqrt = (alphas_bar_sqrt - last) * (first / (first - last));
  const at::Tensor alphas_bar = alphas_bar_sqrt.pow(2);
  const at::Tensor ratios =
      alphas_bar.slice(0, 1) / alphas_bar.slice(0, 0, alphas_bar.size(0) - 1);
  return 1.0 - at::cat({alphas_bar.slice(0, 0, 1), ratios});
}

}  // namespace

std::vector<float> AlphasCumprod(const SchedulerConfig& config,
                                 ZeroSnr zero_snr) {
  const bool rescale =
      config.rescale_betas_zero_snr && zero_snr != ZeroSnr::kIgnored;
  at::Tensor betas = Betas(config);
  if (rescale) betas = RescaleToZeroTerminalSnr(betas);
  const at::Tensor product = at::cumprod(1.0 - betas, 0).contiguous();
  const auto* data = product.const_data_ptr<float>();
  std::vector<float> alphas(data, data + product.numel());
  if (rescale && zero_snr == ZeroSnr::kAlmost) {
    alphas.back() = std::ldexp(1.0F, -24);
  }
  return alphas;
}

std::vector<float> Sigmas(const std::vector<float>& alphas_cumprod) {
  std::vector<float> sigmas;
  sigmas.reserve(alphas_cumprod.size());
  for (const float alpha : alphas_cumprod) {
    sigmas.push_back(std::sqrt((1.0F - alpha) / alpha));
  }
  return sigmas;
}

std::vector<double> InterpolateSigmas(const std::vector<float>& sigmas,
                                      const std::vector<double>& timesteps) {
  std::vector<double> interpolated;
  for (const double t : timesteps) {
    const double low = std::floor(t);
    const auto i = static_cast<size_t>(low);
    const double here = sigmas.at(i);
    if (t == low) {
      interpolated.push_back(here);
    } else {
      const double slope = static_cast<double>(sigmas.at(i + 1)) - here;
      interpolated.push_back(slope * (t - low) + here);
    }
  }
  return interpolated;
}

std::vector<double> KarrasSigmas(double max, double min, size_t count) {
  constexpr double kRho = 7.0;
  const double max_inv_rho = std::pow(max, 1.0 / kRho);
  const double min_inv_rho = std::pow(min, 1.0 / kRho);
  const auto last = static_cast<double>(count - 1);
  std::vector<double> spaced;
  for (size_t i = 0; i < count; ++i) {
    const double ramp = i == 0 ? 0.0 : static_cast<double>(i) / last;
    spaced.push_back(
        std::pow(max_inv_rho + ramp * (min_inv_rho - max_inv_rho), kRho));
  }
  return spaced;
}

double SigmaToTimestep(double sigma, const std::vector<float>& sigmas) {
  const auto log_sigma_at = [&](size_t i) {
    return static_cast<double>(std::log(sigmas[i]));  // float32, as in numpy
  };
  const double log_sigma = std::log(std::max(sigma, 1e-10));
  size_t low = 0;
  while (low + 2 < sigmas.size() && log_sigma_at(low + 1) <= log_sigma) ++low;
  const double low_log = log_sigma_at(low);
  const double weight = std::clamp(
      (low_log - log_sigma) / (low_log - log_sigma_at(low + 1)), 0.0, 1.0);
  const auto index = static_cast<double>(low);
  return (1.0 - weight) * index + weight * (index + 1.0);
}

void RequireSignal(const std::vector<float>& alphas_cumprod,
                   const std::vector<double>& timesteps,
                   const std::string& origin, const std::string& who) {
  for (const double t : timesteps) {
    const auto index = static_cast<size_t>(std::ceil(t));
    if (alphas_cumprod.at(index) > 0.0F) continue;
    std::string message = origin;
    message += ": timestep " + std::to_string(index) +
               " is pure noise (zero terminal SNR), which ";
    message += who;
    message +=
        " cannot start from; use ddim with prediction_type "
        "v_prediction, or timestep_spacing leading";
    throw Error(message);
  }
}

void RequireKnownSigmas(const SchedulerConfig& config, const std::string& who) {
  const char* unsupported = config.use_exponential_sigmas
                                ? "use_exponential_sigmas"
                            : config.use_beta_sigmas ? "use_beta_sigmas"
                                                     : nullptr;
  if (unsupported == nullptr) return;
  std::string message = config.origin + ": " + unsupported;
  message += ": got true, expected false; of the spacings of sigmas ";
  message += who;
  message += " has only use_karras_sigmas";
  throw Error(message);
}

std::string NameWithSpacing(const std::string& name,
                            const SchedulerConfig& config) {
  return config.use_karras_sigmas ? name + "_karras" : name;
}

}  // namespace gloce
