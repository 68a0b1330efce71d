#include "step_cost.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "base/stopwatch.h"

namespace gloce {
namespace {

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half]
                                : (values[half - 1] + values[half]) / 2;
}

}  // namespace

StepInputs RandomStepInputs(const BundleManifest& manifest, int64_t batch,
                            const Placement& placement) {
  at::manual_seed(1);
  const int64_t side = manifest.latent.sample_size;
  const auto place = [&](const at::Tensor& tensor) {
    return tensor.to(placement.device, placement.dtype);
  };
  return {place(at::randn({batch, manifest.latent.channels, side, side})
                    .repeat({2, 1, 1, 1})),
          {place(at::randn(
               {2 * batch, manifest.text.max_length, manifest.text.width})),
           batch}};
}

StepCost MeasureSteps(Denoiser& denoiser, const StepInputs& inputs,
                      HookTimer& timer, int runs) {
  std::vector<double> inside, steps, ratios;
  for (int run = 0; run < runs; ++run) {
    const Stopwatch watch;
    denoiser.Predict(inputs.latents, kActiveTimestep, inputs.conditioning);
    WaitForDevice(inputs.latents.device());
    steps.push_back(watch.Seconds());
    inside.push_back(timer.TakeSeconds());
    ratios.push_back(inside.back() / steps.back());
  }
  return {Median(inside), Median(steps), Median(ratios)};
}

}  // namespace gloce
