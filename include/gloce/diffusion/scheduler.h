// Noise schedulers: which timesteps a denoiser is asked for, and how its
// outputs turn noise into latents. The numbers are those of diffusers 0.42.1.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gloce/diffusion/scheduler_config.h"

namespace gloce {

// One denoising run after another: SetTimesteps, then for every index i of
// timesteps() in order: ScaleModelInput, the denoiser at timesteps()[i], Step.
// Works on any device with the latents' dtype, float32; never synchronises.
// Calls out of order are programming errors and throw std::logic_error.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Chooses the timesteps of a run and forgets the run before. Throws
  // UsageError if `num_inference_steps` is not in [1, num_train_timesteps] or
  // is a number that the scheduler cannot do, Error if the schedule has no
  // signal left where the prediction type needs some.
  void SetTimesteps(int64_t num_inference_steps);

  // One per call of the denoiser, from noise to picture, each in [0,
  // num_train_timesteps - 1]. PNDM repeats one, Karras sigmas may repeat some,
  // LMS and Euler may have fractions.
  const std::vector<double>& timesteps() const { return timesteps_; }

  // What standard normal noise is multiplied with to begin. Call it after
  // SetTimesteps.
  virtual double init_noise_sigma() const { return 1.0; }

  // The denoiser's input for `latents` (B, C, H, W) at timesteps()[step_index].
  virtual at::Tensor ScaleModelInput(const at::Tensor& latents,
                                     size_t step_index) const;

  // The latents for the next step from those of this one.
  //   model_output  (B, C, H, W), any floating dtype
  //   step_index    0, 1, 2 ... timesteps().size() - 1
  //   latents       (B, C, H, W), float32, unscaled
  // Returns (B, C, H, W), dtype of `latents`. Throws Error if the shapes
  // differ.
  at::Tensor Step(const at::Tensor& model_output, size_t step_index,
                  const at::Tensor& latents);

  // The name for MakeScheduler, with "_karras" if its sigmas are.
  const std::string& name() const { return name_; }
  PredictionType prediction_type() const { return config_.prediction_type; }
  int64_t num_train_timesteps() const { return config_.num_train_timesteps; }

 protected:
  // alphas_cumprod: one per training timestep, from AlphasCumprod().
  Scheduler(std::string name, const SchedulerConfig& config,
            std::vector<float> alphas_cumprod);

  // The run's timesteps; state of the run before is dropped.
  virtual std::vector<double> BeginRun(int64_t num_inference_steps) = 0;
  // Step after its checks, `model_output` in the dtype of `latents`.
  virtual at::Tensor StepInOrder(const at::Tensor& model_output,
                                 size_t step_index,
                                 const at::Tensor& latents) = 0;

  const SchedulerConfig& config() const { return config_; }
  const std::vector<float>& alphas_cumprod() const { return alphas_cumprod_; }
  int64_t num_inference_steps() const { return num_inference_steps_; }

 private:
  std::string name_;
  SchedulerConfig config_;
  std::vector<float> alphas_cumprod_;
  std::vector<double> timesteps_;
  int64_t num_inference_steps_ = 0;
  size_t next_step_ = 0;
};

// What MakeScheduler knows, in the order in which help texts should list it.
std::vector<std::string> SchedulerNames();

// The scheduler `name`, one of SchedulerNames() or "" for the config's own
// class, with what diffusers' <class>.from_config(config) would make of the
// config. A name that ends in "_karras" sets use_karras_sigmas; without, the
// config decides.
// Throws UsageError if the name is unknown, or is empty and the config's class
// is none of ours; Error if the config asks for what the scheduler cannot do.
std::unique_ptr<Scheduler> MakeScheduler(const std::string& name,
                                         const SchedulerConfig& config);

}  // namespace gloce
