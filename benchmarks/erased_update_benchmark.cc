// The whole erasing operator, gates and updates, in the demo's U-Net: time
// inside it over all layers of one step. erasing_cost does so for any bundle.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "gloce/bundle/bundle.h"
#include "gloce/erasure/erased_denoiser.h"
#include "hook_timer.h"
#include "random_erasers.h"
#include "step_cost.h"

namespace gloce {
namespace {

// So small that x' = x in float32: every run sees the same tokens.
constexpr double kStrength = 1e-20;

// Arguments: N, share of the tokens whose gate is open in percent.
void Update(benchmark::State& state) {
  const Bundle bundle(GLOCE_BUNDLE);
  const BundleManifest& manifest = bundle.manifest();
  Erasers erasers =
      RandomErasers(manifest.hooks, manifest.model_identity, state.range(0));
  ErasedDenoiser denoiser(bundle, {}, erasers, kStrength);
  const StepInputs inputs = RandomStepInputs(manifest, 1, {});
  const auto step = [&] {
    denoiser.Predict(inputs.latents, kActiveTimestep, inputs.conditioning);
  };
  {
    HookTimer recorder(/*keep_inputs=*/true);
    step();
    OpenGates(erasers, recorder.TakeInputs(),
              static_cast<double>(state.range(1)) / 100);
  }
  denoiser.SetErasers(erasers, kStrength);
  HookTimer timer;
  for (auto _ : state) {
    step();
    state.SetIterationTime(timer.TakeSeconds());
  }
  state.counters["open"] = denoiser.TakeGateActivity().sum().item<double>();
}
BENCHMARK(Update)
    ->ArgsProduct({{1, 20, 300, 1000}, {2, 100}})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace gloce
