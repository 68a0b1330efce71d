#include "diffusion/timesteps.h"

#include <cmath>
#include <string>

#include "gloce/base/error.h"

namespace gloce {
namespace {

// numpy.arange(num_train, 0, -num_train / n), rounded half to even, minus 1.
// numpy steps by the difference of its first two values, which is not quite
// the step that it was given.
std::vector<double> Trailing(double num_train, int64_t n) {
  const double step =
      (num_train - num_train / static_cast<double>(n)) - num_train;
  std::vector<double> timesteps;
  for (int64_t i = 0; i < n; ++i) {
    const double exact = num_train + static_cast<double>(i) * step;
    timesteps.push_back(std::nearbyint(exact) - 1.0);
  }
  return timesteps;
}

std::vector<double> Leading(int64_t num_train, int64_t n, int64_t offset) {
  const int64_t ratio = num_train / n;
  if (const int64_t first = (n - 1) * ratio + offset; first >= num_train) {
    throw UsageError("num_inference_steps: " + std::to_string(n) +
                     " steps with steps_offset " + std::to_string(offset) +
                     " begin at timestep " + std::to_string(first) +
                     ", expected at most " + std::to_string(num_train - 1) +
                     "; use fewer steps");
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
      return Leading(num_train_timesteps, num_inference_steps, steps_offset);
    case TimestepSpacing::kTrailing:
      return Trailing(num_train, num_inference_steps);
    case TimestepSpacing::kLinspace:
      break;
  }
  return Linspace(num_train - 1.0, num_inference_steps, linspace_values);
}

}  // namespace gloce
