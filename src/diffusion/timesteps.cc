#include "diffusion/timesteps.h"

#include <cmath>
#include <string>

#include "gloce/base/error.h"

namespace gloce {
namespace {

// numpy.arange(begin, 0, -stride), rounded half to even, minus 1. numpy steps
// by the difference of its first two values, which is not quite the stride that
// it was given.
std::vector<double> Trailing(double begin, double stride) {
  const double step = (begin - stride) - begin;
  const auto count = static_cast<int64_t>(std::ceil(begin / stride));
  std::vector<double> timesteps;
  for (int64_t i = 0; i < count; ++i) {
    const double exact = begin + static_cast<double>(i) * step;
    const double timestep = std::nearbyint(exact) - 1.0;
    if (timestep >= 0.0) timesteps.push_back(timestep);
  }
  return timesteps;
}

// Multiples of `ratio`, plus `offset`, the largest first.
std::vector<double> Leading(int64_t ratio, int64_t n, int64_t offset,
                            int64_t num_train) {
  if (const int64_t first = (n - 1) * ratio + offset; first >= num_train) {
    throw UsageError("num_inference_steps: with steps_offset " +
                     std::to_string(offset) +
                     " the run would begin at timestep " +
                     std::to_string(first) + ", expected at most " +
                     std::to_string(num_train - 1) + "; use fewer steps");
  }
  std::vector<double> timesteps;
  for (int64_t i = n - 1; i >= 0; --i) {
    timesteps.push_back(static_cast<double>(i * ratio + offset));
  }
  return timesteps;
}

// numpy.linspace(0, last, n), reversed. numpy writes the end point itself.
std::vector<double> Linspace(double last, int64_t n, LinspaceValues values) {
  if (n == 1) return {0.0};
  const double step = last / static_cast<double>(n - 1);
  std::vector<double> timesteps = {last};
  for (int64_t i = n - 2; i >= 0; --i) {
    const double exact = static_cast<double>(i) * step;
    timesteps.push_back(values == LinspaceValues::kRounded
                            ? std::nearbyint(exact)
                            : static_cast<double>(static_cast<float>(exact)));
  }
  return timesteps;
}

}  // namespace

std::vector<double> SpacedTimesteps(TimestepSpacing spacing,
                                    int64_t num_train_timesteps,
                                    int64_t num_inference_steps,
                                    int64_t steps_offset,
                                    LinspaceValues linspace_values) {
  const auto num_train = static_cast<double>(num_train_timesteps);
  switch (spacing) {
    case TimestepSpacing::kLeading:
      return Leading(num_train_timesteps / num_inference_steps,
                     num_inference_steps, steps_offset, num_train_timesteps);
    case TimestepSpacing::kTrailing:
      return Trailing(num_train,
                      num_train / static_cast<double>(num_inference_steps));
    case TimestepSpacing::kLinspace:
      break;
  }
  return Linspace(num_train - 1.0, num_inference_steps, linspace_values);
}

std::vector<double> TimestepsBeforeTheEnd(TimestepSpacing spacing,
                                          int64_t num_train_timesteps,
                                          int64_t unclipped,
                                          int64_t num_inference_steps,
                                          int64_t steps_offset) {
  if (spacing == TimestepSpacing::kTrailing && unclipped > 0) {
    return Trailing(static_cast<double>(unclipped),
                    static_cast<double>(num_train_timesteps) /
                        static_cast<double>(num_inference_steps));
  }
  if (num_inference_steps >= unclipped) {
    throw UsageError("num_inference_steps: got " +
                     std::to_string(num_inference_steps) +
                     ", expected fewer than the " + std::to_string(unclipped) +
                     " timesteps to choose from; use fewer steps");
  }
  const int64_t points = num_inference_steps + 1;
  std::vector<double> timesteps =
      spacing == TimestepSpacing::kLeading
          ? Leading(unclipped / points, points, steps_offset,
                    num_train_timesteps)
          : Linspace(static_cast<double>(unclipped - 1), points,
                     LinspaceValues::kRounded);
  timesteps.pop_back();
  return timesteps;
}

}  // namespace gloce
