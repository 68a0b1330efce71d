// The noise levels behind the timesteps. Everything is float32, rounded as
// torch rounds it for diffusers, so that schedulers start from equal tables.
#pragma once

#include <cstdint>
#include <vector>

#include "gloce/diffusion/scheduler.h"

namespace gloce {

// alphas_cumprod[t], the product of 1 - betas[i] over i <= t, for t in [0,
// num_train_timesteps). `rescale_zero_snr` shifts and scales its square roots
// so that the last is 0 (arXiv 2305.08891, algorithm 1).
std::vector<float> AlphasCumprod(const SchedulerConfig& config,
                                 bool rescale_zero_snr);

// The standard deviation of the noise where the signal has scale 1:
// sigmas[t] = sqrt((1 - alphas_cumprod[t]) / alphas_cumprod[t]).
std::vector<float> Sigmas(const std::vector<float>& alphas_cumprod);

// Linear interpolation of sigmas at timesteps, in float64.
std::vector<double> InterpolateSigmas(const std::vector<float>& sigmas,
                                      const std::vector<double>& timesteps);

// The same number of noise levels between the first and the last of `sigmas`
// (descending), spaced by equation (5) of arXiv 2206.00364 with rho = 7.
std::vector<double> KarrasSigmas(const std::vector<double>& sigmas);

// The fractional timestep whose noise level is `sigma`, interpolating log
// sigmas linearly.
double SigmaToTimestep(double sigma, const std::vector<float>& sigmas);

// Throws Error if a timestep is pure noise (alphas_cumprod 0, the end of a
// schedule rescaled to zero terminal SNR). `who` is the scheduler that divides
// by the signal's scale.
void RequireSignal(const std::vector<float>& alphas_cumprod,
                   const std::vector<double>& timesteps,
                   const std::string& origin, const std::string& who);

}  // namespace gloce
