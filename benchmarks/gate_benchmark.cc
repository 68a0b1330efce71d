// The gates of N concepts on T tokens of width D, at SD 1.4's layer sizes.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "erasure/gate_bank.h"

namespace gloce {
namespace {

// Arguments: N, T, D. One surrogate for all concepts.
void Gate(benchmark::State& state) {
  const int64_t num_concepts = state.range(0);
  const int64_t tokens = state.range(1);
  const int64_t width = state.range(2);
  at::manual_seed(0);
  const GateBank bank(at::randn({num_concepts, width, 1}),
                      at::randn({1, width}).repeat({num_concepts, 1}),
                      at::kCPU);
  const at::Tensor rows = at::randn({tokens, width});
  for (auto _ : state) benchmark::DoNotOptimize(bank.Projections(rows));
  state.counters["GFLOP/s"] = benchmark::Counter(
      2e-9 * static_cast<double>(num_concepts * tokens * width),
      benchmark::Counter::kIsIterationInvariantRate);
}
// Of one picture with guidance: B = 2.
BENCHMARK(Gate)
    ->ArgsProduct({{1, 50, 300, 1000}, {64, 2 * 64, 2 * 256}, {1280}})
    ->ArgsProduct({{1, 50, 300, 1000}, {2 * 1024}, {640}})
    ->ArgsProduct({{1, 50, 300, 1000}, {64, 2 * 4096}, {320}})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace gloce
