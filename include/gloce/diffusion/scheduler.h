// Noise schedulers: which timesteps a denoiser is asked for, and how its
// outputs turn noise into latents. The numbers are those of diffusers 0.42.1.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gloce {

// How beta grows with the timestep. The last is the cosine schedule of Nichol
// and Dhariwal (arXiv 2102.09672, equation 17), beta capped at 0.999.
enum class BetaSchedule { kLinear, kScaledLinear, kSquaredCosCapV2 };

// What the denoiser predicts: the noise, v = sqrt(alpha) noise - sqrt(1 -
// alpha) x_0 (arXiv 2202.00512, appendix D), or x_0 itself.
enum class PredictionType { kEpsilon, kVPrediction, kSample };

// Table 2 of arXiv 2305.08891.
enum class TimestepSpacing { kLeading, kTrailing, kLinspace };

// The noise level that a run of a scheduler over sigmas ends at: none, or that
// of training timestep 0.
enum class FinalSigma { kZero, kSigmaMin };

// The fields of a diffusers scheduler_config.json that gloce's schedulers use.
// A scheduler reads those that its diffusers class has and ignores the others,
// as `from_config` does. Defaults are those of diffusers.
struct SchedulerConfig {
  std::string origin = "scheduler config";  // begins every message
  std::string class_name;  // such as "PNDMScheduler"; may be empty

  int64_t num_train_timesteps = 1000;
  double beta_start = 0.0001;
  double beta_end = 0.02;
  BetaSchedule beta_schedule = BetaSchedule::kLinear;
  std::vector<double> trained_betas;  // if not empty, instead of the schedule
  PredictionType prediction_type = PredictionType::kEpsilon;
  int64_t steps_offset = 0;  // added to timesteps of leading spacing

  // Where absent, the default depends on the scheduler.
  std::optional<TimestepSpacing>
      timestep_spacing;                  // DDIM and PNDM leading, else linspace
  std::optional<bool> set_alpha_to_one;  // DDIM true, PNDM false

  bool clip_sample = true;              // DDIM
  double clip_sample_range = 1.0;       // DDIM
  bool rescale_betas_zero_snr = false;  // all but PNDM and LMS
  bool skip_prk_steps = false;          // PNDM
  bool use_karras_sigmas = false;       // LMS, Euler, DPM-Solver

  FinalSigma final_sigmas_type = FinalSigma::kZero;  // Euler, DPM-Solver
  // The ends of Karras sigmas, if not those of the training schedule.
  std::optional<double> sigma_min, sigma_max;  // Euler, DPM-Solver

  std::string solver_type = "midpoint";      // DPM-Solver; or "heun"
  bool lower_order_final = true;             // DPM-Solver
  bool euler_at_final = false;               // DPM-Solver
  std::optional<double> lambda_min_clipped;  // DPM-Solver

  // Other values than these are not supported: MakeScheduler refuses them where
  // they would have an effect.
  bool thresholding = false;                   // DDIM, DPM-Solver
  bool use_exponential_sigmas = false;         // LMS, Euler, DPM-Solver
  bool use_beta_sigmas = false;                // LMS, Euler, DPM-Solver
  std::string interpolation_type = "linear";   // Euler
  std::string timestep_type = "discrete";      // Euler
  std::string algorithm_type = "dpmsolver++";  // DPM-Solver
  int64_t solver_order = 2;                    // DPM-Solver
  std::string variance_type;                   // DPM-Solver; or any but learned
  bool use_lu_lambdas = false;                 // DPM-Solver
  bool use_flow_sigmas = false;                // DPM-Solver

  // Reads the config of any diffusers scheduler that samples from a table of
  // betas. Fields that only schedulers outside this library use are accepted
  // and have no effect; so have keys that begin with '_', and the defaults that
  // `_use_default_values` lists count as absent. `origin` (a path) begins every
  // message. Throws Error for a value out of range or a field that no scheduler
  // of diffusers has.
  static SchedulerConfig FromJson(const std::string& json_text,
                                  const std::string& origin);
};

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
