// The noise levels behind the timesteps. Everything is float32, rounded as
// torch rounds it for diffusers, so that schedulers start from equal tables.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gloce/diffusion/scheduler_config.h"

namespace gloce {

// What a scheduler makes of `rescale_betas_zero_snr`, which shifts and scales
// the square roots of alphas_cumprod so that the last is 0 (arXiv 2305.08891,
// algorithm 1).
enum class ZeroSnr {
  kIgnored,  // its diffusers class has no such field
  kExact,
  kAlmost,  // the last is 2^-24, for schedulers that divide by it
};

// alphas_cumprod[t], the product of 1 - betas[i] over i <= t, for t in [0,
// num_train_timesteps).
std::vector<float> AlphasCumprod(const SchedulerConfig& config,
                                 ZeroSnr zero_snr);

// The standard deviation of the noise where the signal has scale 1:
// sigmas[t] = sqrt((1 - alphas_cumprod[t]) / alphas_cumprod[t]).
std::vector<float> Sigmas(const std::vector<float>& alphas_cumprod);

// Linear interpolation of sigmas at timesteps, in float64.
std::vector<double> InterpolateSigmas(const std::vector<float>& sigmas,
                                      const std::vector<double>& timesteps);

// `count` noise levels from `max` down to `min`, spaced by equation (5) of
// arXiv 2206.00364 with rho = 7; `max` alone for one.
std::vector<double> KarrasSigmas(double max, double min, size_t count);

// The fractional timestep whose noise level is `sigma`, interpolating log
// sigmas linearly.
double SigmaToTimestep(double sigma, const std::vector<float>& sigmas);

// Throws Error if a timestep is pure noise (alphas_cumprod 0, the end of a
// schedule rescaled to zero terminal SNR). `who` is the scheduler that divides
// by the signal's scale.
void RequireSignal(const std::vector<float>& alphas_cumprod,
                   const std::vector<double>& timesteps,
                   const std::string& origin, const std::string& who);

// Throws Error if the config asks for exponential or beta sigmas, which no
// scheduler here has.
void RequireKnownSigmas(const SchedulerConfig& config, const std::string& who);

// `name`, or name + "_karras" if the config asks for Karras sigmas.
std::string NameWithSpacing(const std::string& name,
                            const SchedulerConfig& config);

}  // namespace gloce
