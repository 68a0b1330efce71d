// What decides a noise schedule and how it is sampled, as diffusers' files say
// it. Defaults are those of diffusers 0.42.1.
#pragma once

#include <cstdint>
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
// as `from_config` does.
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

}  // namespace gloce
