#include "diffusion/scheduler_golden.h"

#include <ATen/ATen.h>

#include "base/file.h"
#include "base/json.h"

namespace gloce {

nlohmann::json ReadGolden(const std::string& name) {
  const std::string path = std::string(GLOCE_TEST_DATA) + "/golden/" + name;
  return ParseJson(ReadFile(path), path);
}

SchedulerConfig ConfigFrom(const nlohmann::json& config) {
  return SchedulerConfig::FromJson(config.dump(), "scheduler_config.json");
}

SchedulerConfig StableDiffusionConfig(const nlohmann::json& fields) {
  nlohmann::json config = {{"beta_start", 0.00085},
                           {"beta_end", 0.012},
                           {"beta_schedule", "scaled_linear"},
                           {"skip_prk_steps", true},
                           {"clip_sample", false}};
  if (!fields.is_null()) config.update(fields);
  return ConfigFrom(config);
}

at::Tensor StartNoise() {
  std::vector<float> values;
  for (int i = 0; i < 16; ++i) {
    values.push_back(static_cast<float>(i * 7919 % 101 / 25.0 - 2.0));
  }
  return at::tensor(values).reshape({2, 2, 2, 2});
}

at::Tensor Denoise(const at::Tensor& latents, double timestep) {
  return latents * (timestep / 1000.0) +
         0.3 * latents / (1.0 + latents * latents) + 0.1;
}

at::Tensor RunScheduler(Scheduler& scheduler, int64_t num_inference_steps,
                        const at::Tensor& noise,
                        const DenoiserFunction& denoiser) {
  scheduler.SetTimesteps(num_inference_steps);
  at::Tensor latents = noise * scheduler.init_noise_sigma();
  for (size_t i = 0; i < scheduler.timesteps().size(); ++i) {
    const at::Tensor model_output = denoiser(
        scheduler.ScaleModelInput(latents, i), scheduler.timesteps()[i]);
    latents = scheduler.Step(model_output, i, latents);
  }
  return latents;
}

double RelativeError(const at::Tensor& got, const at::Tensor& expected) {
  const at::Tensor difference = got.to(at::kDouble) - expected.to(at::kDouble);
  return difference.abs().max().item<double>() /
         expected.abs().max().item<double>();
}

}  // namespace gloce
