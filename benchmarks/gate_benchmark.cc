// The gates of N concepts on T tokens of width D, at SD 1.4's layer sizes.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "erasure/gate_bank.h"

namespace gloce {
namespace {

// Arguments: N, T, D, number of surrogates that the concepts share.
void Gate(benchmark::State& state) {
  const int64_t num_concepts = state.range(0);
  const int64_t tokens = state.range(1);
  const int64_t width = state.range(2);
  at::manual_seed(0);
  const GateBank bank(at::randn({num_concepts, width, 1}),
                      at::randn({state.range(3), width})
                          .repeat({num_concepts / state.range(3), 1}),
                      at::kCPU);
  const at::Tensor rows = at::randn({tokens, width});
  for (auto _ : state) benchmark::DoNotOptimize(bank.Projections(rows));
  state.counters["GFLOP/s"] = benchmark::Counter(
      2e-9 * static_cast<double>(num_concepts * tokens * width),
      benchmark::Counter::kIsIterationInvariantRate);
}
// Of one picture with guidance: B = 2.
BENCHMARK(Gate)
    ->ArgsProduct({{1, 50, 300, 1000}, {64, 2 * 64, 2 * 256}, {1280}, {1}})
    ->ArgsProduct({{1, 50, 300, 1000}, {2 * 1024}, {640}, {1}})
    ->ArgsProduct({{1, 50, 300, 1000}, {64, 2 * 4096}, {320}, {1}})
    ->Args({300, 2 * 4096, 320, 300})
    ->Args({1000, 2 * 4096, 320, 1000})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

// The worst case of ShiftedGates: surrogates in two places so far apart that
// each token is near half of them. Arguments: N, T, D.
void GateNearHalf(benchmark::State& state) {
  const int64_t num_concepts = state.range(0);
  const int64_t width = state.range(2);
  at::manual_seed(0);
  const at::Tensor places = at::tensor({10.0F, -10.0F}).unsqueeze(1);
  const GateBank bank(
      at::randn({num_concepts, width, 1}),
      places.repeat({num_concepts / 2, 1}) + at::randn({num_concepts, width}),
      at::kCPU);
  const at::Tensor rows = at::randn({state.range(1), width}) + 10;
  for (auto _ : state) benchmark::DoNotOptimize(bank.Projections(rows));
}
BENCHMARK(GateNearHalf)
    ->Args({2, 64, 320})
    ->Args({300, 2 * 4096, 320})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace gloce
