#include "diffusion/lms.h"

#include <ATen/ATen.h>

#include <cmath>

#include "diffusion/noise_schedule.h"

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
    : SigmaScheduler("lms", config, AlphasCumprod(config, ZeroSnr::kIgnored),
                     Ends()) {}

std::vector<double> LmsScheduler::BeginRun(int64_t num_inference_steps) {
  derivatives_.clear();
  return SigmaScheduler::BeginRun(num_inference_steps);
}

at::Tensor LmsScheduler::StepInOrder(const at::Tensor& model_output,
                                     size_t step_index,
                                     const at::Tensor& latents) {
  derivatives_.push_front(Derivative(model_output, step_index, latents));
  if (derivatives_.size() > kOrder) derivatives_.pop_back();

  // nodes[k] is the noise level of derivatives_[k].
  std::vector<double> nodes;
  for (size_t k = 0; k < derivatives_.size(); ++k) {
    nodes.push_back(sigmas()[step_index - k]);
  }
  at::Tensor change;
  for (size_t k = 0; k < nodes.size(); ++k) {
    const double coefficient = LagrangeIntegral(nodes, k, sigmas()[step_index],
                                                sigmas()[step_index + 1]);
    const at::Tensor term = coefficient * derivatives_[k];
    change = k == 0 ? term : change + term;
  }
  return latents + change;
}

}  // namespace gloce
