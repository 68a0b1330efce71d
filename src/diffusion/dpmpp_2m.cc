#include "diffusion/dpmpp_2m.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "diffusion/noise_schedule.h"
#include "diffusion/timesteps.h"
#include "gloce/base/error.h"

// Notation (name here -> name in arXiv 2211.01095)
//   latents               -> x_s, then x_t
//   pred_original_sample  -> x_theta(x_s, s)
//   sigmas[i]             -> sigma / alpha of the paper: noise where the signal
//                            has scale 1
// Coefficients are float32 and come from torch's functions, in diffusers'
// order: on the CPU the results then differ by no more than the last bits.

namespace gloce {
namespace {

constexpr const char* kName = "dpmpp_2m";
// diffusers lowers the order at the end of runs shorter than this.
constexpr size_t kShortRun = 15;

[[noreturn]] void Refuse(const SchedulerConfig& config,
                         const std::string& field, const std::string& got,
                         const std::string& expected) {
  throw Error(config.origin + ": " + field + ": got " + got + ", expected " +
              expected + " for " + kName + "; use another scheduler");
}

void RequireSupported(const SchedulerConfig& config) {
  // As in diffusers: "deis" comes from the config of DEISMultistepScheduler.
  if (config.algorithm_type != "dpmsolver++" &&
      config.algorithm_type != "deis") {
    Refuse(config, "algorithm_type", "\"" + config.algorithm_type + "\"",
           "\"dpmsolver++\"");
  }
  if (config.solver_order != 2) {
    Refuse(config, "solver_order", std::to_string(config.solver_order), "2");
  }
  // The fixed variances of DDPM mean nothing to a solver of an ODE.
  if (config.variance_type.starts_with("learned")) {
    Refuse(config, "variance_type", "\"" + config.variance_type + "\"", "null");
  }
  const std::array<std::pair<const char*, bool>, 3> flags = {{
      {"thresholding", config.thresholding},
      {"use_lu_lambdas", config.use_lu_lambdas},
      {"use_flow_sigmas", config.use_flow_sigmas},
  }};
  for (const auto& [field, set] : flags) {
    if (set) Refuse(config, field, "true", "false");
  }
  RequireKnownSigmas(config, kName);
}

// As in diffusers: the last three are the names of other solvers' types.
bool IsHeun(const SchedulerConfig& config) {
  if (config.solver_type == "heun") return true;
  for (const char* midpoint : {"midpoint", "logrho", "bh1", "bh2"}) {
    if (config.solver_type == midpoint) return false;
  }
  Refuse(config, "solver_type", "\"" + config.solver_type + "\"",
         "\"midpoint\" or \"heun\"");
}

std::vector<float> Values(const at::Tensor& tensor) {
  const at::Tensor contiguous = tensor.contiguous();
  const auto* data = contiguous.const_data_ptr<float>();
  return {data, data + contiguous.numel()};
}

}  // namespace

Dpmpp2mScheduler::Dpmpp2mScheduler(const SchedulerConfig& config)
    : Scheduler(NameWithSpacing(kName, config), config,
                AlphasCumprod(config, ZeroSnr::kAlmost)),
      heun_(IsHeun(config)) {
  RequireSupported(config);
}

TimestepSpacing Dpmpp2mScheduler::spacing() const {
  return config().timestep_spacing.value_or(TimestepSpacing::kLinspace);
}

int64_t Dpmpp2mScheduler::CountUnclipped() const {
  if (!config().lambda_min_clipped) return num_train_timesteps();
  const at::Tensor alphas = at::tensor(alphas_cumprod(), at::kFloat);
  const at::Tensor lambdas =
      at::sqrt(alphas).log() - at::sqrt(1 - alphas).log();
  const auto least = static_cast<float>(*config().lambda_min_clipped);
  const std::vector<float> values = Values(lambdas);
  return std::count_if(values.begin(), values.end(),
                       [&](float lambda) { return lambda >= least; });
}

std::vector<double> Dpmpp2mScheduler::BeginRun(int64_t num_inference_steps) {
  const std::vector<float> table = Sigmas(alphas_cumprod());
  std::vector<double> timesteps;
  std::vector<double> sigmas;
  if (config().use_karras_sigmas) {
    const auto noisiest = static_cast<double>(num_train_timesteps() - 1);
    RequireSignal(alphas_cumprod(), {noisiest}, config().origin, name());
    sigmas = KarrasSigmas(config().sigma_max.value_or(table.back()),
                          config().sigma_min.value_or(table.front()),
                          static_cast<size_t>(num_inference_steps));
    const bool rounds =
        config().beta_schedule != BetaSchedule::kSquaredCosCapV2;
    for (const double sigma : sigmas) {
      const double t = SigmaToTimestep(sigma, table);
      timesteps.push_back(rounds ? std::nearbyint(t) : std::trunc(t));
    }
  } else {
    timesteps = TimestepsBeforeTheEnd(spacing(), num_train_timesteps(),
                                      CountUnclipped(), num_inference_steps,
                                      config().steps_offset);
    RequireSignal(alphas_cumprod(), timesteps, config().origin, name());
    sigmas = InterpolateSigmas(table, timesteps);
  }
  std::vector<float> levels(sigmas.begin(), sigmas.end());
  levels.push_back(EndsAtZero() ? 0.0F : table.front());
  steps_ = Coefficients(levels);
  previous_ = at::Tensor();
  return timesteps;
}

std::vector<Dpmpp2mScheduler::StepCoefficients> Dpmpp2mScheduler::Coefficients(
    const std::vector<float>& sigmas) const {
  const at::Tensor level = at::tensor(sigmas, at::kFloat);
  const at::Tensor alpha = 1 / (level.pow(2) + 1).pow(0.5);
  const at::Tensor sigma = level * alpha;
  const at::Tensor lambda = alpha.log() - sigma.log();
  const auto before = [](const at::Tensor& t) { return t.slice(0, 0, -1); };
  const auto after = [](const at::Tensor& t) { return t.slice(0, 1); };
  const at::Tensor h = after(lambda) - before(lambda);
  const at::Tensor growth = (-h).exp() - 1.0;
  const std::vector<float> alphas = Values(before(alpha));
  const std::vector<float> noises = Values(before(sigma));
  const std::vector<float> ratios = Values(after(sigma) / before(sigma));
  const std::vector<float> first = Values(after(alpha) * growth);
  const std::vector<float> heun = Values(after(alpha) * (growth / h + 1.0));
  const std::vector<float> lengths = Values(h);
  std::vector<StepCoefficients> steps;
  for (size_t i = 0; i < lengths.size(); ++i) {
    steps.push_back(
        {alphas[i], noises[i], ratios[i], first[i], heun[i], lengths[i]});
  }
  return steps;
}

at::Tensor Dpmpp2mScheduler::PredictOriginalSample(
    const at::Tensor& model_output, const StepCoefficients& step,
    const at::Tensor& latents) const {
  switch (prediction_type()) {
    case PredictionType::kEpsilon:
      return (latents - step.sigma_s * model_output) / step.alpha_s;
    case PredictionType::kVPrediction:
      return step.alpha_s * latents - step.sigma_s * model_output;
    case PredictionType::kSample:
      break;
  }
  return model_output;
}

bool Dpmpp2mScheduler::EndsAtZero() const {
  return config().final_sigmas_type == FinalSigma::kZero;
}

bool Dpmpp2mScheduler::IsFirstOrder(size_t step_index) const {
  if (step_index == 0) return true;
  if (step_index + 1 < steps_.size()) return false;
  // A step to sigma 0 has infinite length in lambda.
  return config().euler_at_final || EndsAtZero() ||
         (config().lower_order_final && steps_.size() < kShortRun);
}

at::Tensor Dpmpp2mScheduler::StepInOrder(const at::Tensor& model_output,
                                         size_t step_index,
                                         const at::Tensor& latents) {
  const StepCoefficients& step = steps_[step_index];
  const at::Tensor pred_original_sample =
      PredictOriginalSample(model_output, step, latents);
  at::Tensor next =
      step.sigma_ratio * latents - step.first * pred_original_sample;
  if (!IsFirstOrder(step_index)) {
    const float r0 = steps_[step_index - 1].h / step.h;
    const at::Tensor slope = (1.0F / r0) * (pred_original_sample - previous_);
    next =
        heun_ ? next + step.heun * slope : next - (0.5F * step.first) * slope;
  }
  previous_ = pred_original_sample;
  return next;
}

}  // namespace gloce
