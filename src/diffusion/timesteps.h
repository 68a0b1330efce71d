// Spacing rules for timesteps, shared by the schedulers.
#pragma once

#include <cstdint>
#include <vector>

#include "gloce/diffusion/scheduler_config.h"

namespace gloce {

// What linspace does with values between two training timesteps.
enum class LinspaceValues {
  kRounded,  // to the nearest integer, halves to the even one
  kFloat32,  // kept, in float32
};

// `num_inference_steps` timesteps in descending order, for
// `num_inference_steps` in [1, num_train_timesteps], as numpy computes them for
// diffusers.
//   kLeading   multiples of floor(num_train / num_inference) plus steps_offset
//   kTrailing  num_train - i num_train / num_inference, rounded, minus 1
//   kLinspace  from num_train - 1 to 0, both included; 0 alone for one step
//
// Known difference: for some step counts (61, 103, 121, 122 ... of 1000) the
// rounding error of numpy.arange gives diffusers a surplus trailing timestep of
// -1, at which Python's indexing finds the noisiest level: the finished picture
// is taken for noise. That timestep is left out here.
//
// Throws UsageError if steps_offset leads beyond num_train_timesteps - 1.
std::vector<double> SpacedTimesteps(TimestepSpacing spacing,
                                    int64_t num_train_timesteps,
                                    int64_t num_inference_steps,
                                    int64_t steps_offset,
                                    LinspaceValues linspace_values);

// The spacing of DPM-Solver: leading and linspace are the first
// `num_inference_steps` of one more, without its clean end, and only the first
// `unclipped` of the training timesteps take part. Trailing spacing keeps its
// stride, so that clipped timesteps leave fewer than `num_inference_steps`.
// Integers; the surplus trailing timestep is left out as above.
//
// Throws UsageError if two timesteps would be equal, or if steps_offset leads
// beyond num_train_timesteps - 1.
std::vector<double> TimestepsBeforeTheEnd(TimestepSpacing spacing,
                                          int64_t num_train_timesteps,
                                          int64_t unclipped,
                                          int64_t num_inference_steps,
                                          int64_t steps_offset);

}  // namespace gloce
