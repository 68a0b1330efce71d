#include "diffusion/pndm.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "diffusion/noise_schedule.h"
#include "diffusion/timesteps.h"
#include "gloce/base/error.h"

// Notation (name here -> name in arXiv 2202.09778)
//   latents       -> x_t
//   model_output  -> epsilon_theta(x_t, t)
//   ets_          -> e_t, e_(t-delta) ...
//   alpha_prod_t  -> alpha-bar_t
// Coefficients are float32 and multiply in diffusers' order: on the CPU the
// results then differ by no more than the last bits.

namespace gloce {
namespace {

constexpr size_t kOrder = 4;
constexpr size_t kCallsPerPrkStep = 4;

// The calls of the Runge-Kutta warm-up: for each of the three first intervals
// its start, its middle twice and its end. `ascending` are the run's timesteps.
std::vector<double> PrkTimesteps(const std::vector<double>& ascending,
                                 double half_ratio) {
  std::vector<double> points;
  for (size_t i = ascending.size() - kOrder; i < ascending.size(); ++i) {
    points.push_back(ascending[i]);
    points.push_back(ascending[i] + half_ratio);
  }
  points.pop_back();
  std::vector<double> calls;
  for (size_t i = points.size(); i-- > 0;) {
    calls.push_back(points[i]);
    calls.push_back(points[i]);
  }
  return {calls.begin() + 1, calls.end() - 1};
}

}  // namespace

PndmScheduler::PndmScheduler(const SchedulerConfig& config)
    : Scheduler("pndm", config, AlphasCumprod(config, ZeroSnr::kIgnored)),
      final_alpha_cumprod_(config.set_alpha_to_one.value_or(false)
                               ? 1.0F
                               : alphas_cumprod().front()) {
  if (config.prediction_type == PredictionType::kSample) {
    throw Error(config.origin +
                ": prediction_type: got sample, expected epsilon or "
                "v_prediction for pndm; use another scheduler");
  }
}

int64_t PndmScheduler::StepRatio() const {
  return num_train_timesteps() / num_inference_steps();
}

std::vector<double> PndmScheduler::BeginRun(int64_t num_inference_steps) {
  if (!config().skip_prk_steps &&
      num_inference_steps < static_cast<int64_t>(kOrder)) {
    throw UsageError("num_inference_steps: got " +
                     std::to_string(num_inference_steps) +
                     ", expected at least 4 for pndm with Runge-Kutta warm-up "
                     "(skip_prk_steps false)");
  }
  std::vector<double> timesteps = SpacedTimesteps(
      config().timestep_spacing.value_or(TimestepSpacing::kLeading),
      num_train_timesteps(), num_inference_steps, config().steps_offset,
      LinspaceValues::kRounded);
  num_prk_calls_ = 0;
  if (!config().skip_prk_steps) {
    const int64_t half = num_train_timesteps() / num_inference_steps / 2;
    const std::vector<double> prk = PrkTimesteps(
        {timesteps.rbegin(), timesteps.rend()}, static_cast<double>(half));
    num_prk_calls_ = prk.size();
    timesteps.erase(timesteps.begin(), timesteps.begin() + kOrder - 1);
    timesteps.insert(timesteps.begin(), prk.begin(), prk.end());
  } else if (timesteps.size() > 1) {
    timesteps.insert(timesteps.begin() + 1, timesteps[1]);
  }
  RequireSignal(alphas_cumprod(), timesteps, config().origin, "pndm");
  ets_.clear();
  cur_sample_ = at::Tensor();
  cur_model_output_ = at::Tensor();
  return timesteps;
}

at::Tensor PndmScheduler::StepInOrder(const at::Tensor& model_output,
                                      size_t step_index,
                                      const at::Tensor& latents) {
  return step_index < num_prk_calls_
             ? RungeKuttaStep(model_output, step_index, latents)
             : MultistepStep(model_output, step_index, latents);
}

// Equation (13).
at::Tensor PndmScheduler::RungeKuttaStep(at::Tensor model_output,
                                         size_t step_index,
                                         const at::Tensor& latents) {
  const size_t stage = step_index % kCallsPerPrkStep;
  if (stage == 0) {
    ets_.push_back(model_output);
    cur_sample_ = latents;
    cur_model_output_ = 1.0 / 6.0 * model_output;
  } else if (stage == 3) {
    model_output = cur_model_output_ + 1.0 / 6.0 * model_output;
  } else {
    cur_model_output_ = cur_model_output_ + 1.0 / 3.0 * model_output;
  }
  const auto t = static_cast<int64_t>(timesteps()[step_index]);
  const auto start = static_cast<int64_t>(timesteps()[step_index - stage]);
  const int64_t half = step_index % 2 == 0 ? StepRatio() / 2 : 0;
  return Transfer(cur_sample_, start, t - half, model_output);
}

at::Tensor PndmScheduler::MultistepStep(const at::Tensor& model_output,
                                        size_t step_index,
                                        const at::Tensor& latents) {
  const auto t = static_cast<int64_t>(timesteps()[step_index]);
  if (step_index == 1) {
    // The repeated call does the first step again, with the mean of both ends'
    // outputs.
    return Transfer(cur_sample_, t + StepRatio(), t,
                    (model_output + ets_.back()) / 2.0);
  }
  ets_.push_back(model_output);
  if (ets_.size() > kOrder) ets_.pop_front();
  if (step_index == 0) cur_sample_ = latents;
  return Transfer(latents, t, t - StepRatio(), CombineOutputs());
}

// Adams-Bashforth, equation (12) for order 4.
at::Tensor PndmScheduler::CombineOutputs() const {
  const auto e = [&](size_t age) { return ets_[ets_.size() - age]; };
  switch (ets_.size()) {
    case 1:
      return e(1);
    case 2:
      return (3 * e(1) - e(2)) / 2;
    case 3:
      return (23 * e(1) - 16 * e(2) + 5 * e(3)) / 12;
    default:
      return 1.0 / 24.0 * (55 * e(1) - 59 * e(2) + 37 * e(3) - 9 * e(4));
  }
}

at::Tensor PndmScheduler::Transfer(const at::Tensor& latents, int64_t t,
                                   int64_t prev_t,
                                   at::Tensor model_output) const {
  const float alpha_prod_t = alphas_cumprod().at(static_cast<size_t>(t));
  const float alpha_prod_t_prev =
      prev_t >= 0 ? alphas_cumprod().at(static_cast<size_t>(prev_t))
                  : final_alpha_cumprod_;
  const float beta_prod_t = 1.0F - alpha_prod_t;
  const float beta_prod_t_prev = 1.0F - alpha_prod_t_prev;
  if (prediction_type() == PredictionType::kVPrediction) {
    model_output = std::sqrt(alpha_prod_t) * model_output +
                   std::sqrt(beta_prod_t) * latents;
  }
  const float sample_coeff = std::sqrt(alpha_prod_t_prev / alpha_prod_t);
  const float denominator =
      alpha_prod_t * std::sqrt(beta_prod_t_prev) +
      std::sqrt(alpha_prod_t * beta_prod_t * alpha_prod_t_prev);
  return sample_coeff * latents -
         (alpha_prod_t_prev - alpha_prod_t) * model_output / denominator;
}

}  // namespace gloce
