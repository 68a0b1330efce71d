#include "diffusion/euler.h"

#include <ATen/ATen.h>

#include "diffusion/noise_schedule.h"
#include "gloce/base/error.h"

namespace gloce {

EulerScheduler::EulerScheduler(const SchedulerConfig& config)
    : SigmaScheduler(
          "euler", config, AlphasCumprod(config, ZeroSnr::kAlmost),
          {config.final_sigmas_type, config.sigma_min, config.sigma_max}) {
  if (config.interpolation_type != "linear") {
    throw Error(config.origin + ": interpolation_type: got \"" +
                config.interpolation_type +
                "\", expected \"linear\" for euler; use another scheduler");
  }
  // Its timesteps are logarithms of sigma, not those of training, by which
  // erasers know when to act. Without v_prediction the field has no effect.
  if (config.timestep_type != "discrete" &&
      config.prediction_type == PredictionType::kVPrediction) {
    throw Error(config.origin + ": timestep_type: got \"" +
                config.timestep_type +
                "\", expected \"discrete\" for euler; models that take "
                "logarithms of sigma as timesteps are not supported");
  }
}

at::Tensor EulerScheduler::StepInOrder(const at::Tensor& model_output,
                                       size_t step_index,
                                       const at::Tensor& latents) {
  const float step = sigmas()[step_index + 1] - sigmas()[step_index];
  return latents + Derivative(model_output, step_index, latents) * step;
}

}  // namespace gloce
