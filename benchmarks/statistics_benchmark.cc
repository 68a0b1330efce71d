// Pooling and moments of the tokens of one recorded call, at SD 1.4's sizes.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include <cmath>

#include "erasure/moments.h"

namespace gloce {
namespace {

// Arguments: D, T, B. One layer, with covariance.
void Statistics(benchmark::State& state) {
  const int64_t width = state.range(0);
  const int64_t tokens = state.range(1);
  const auto side =
      static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(tokens))));
  at::manual_seed(0);
  const at::Tensor x = at::randn({state.range(2), tokens, width});
  MomentAccumulator accumulator(width, /*with_covariance=*/true);
  int64_t rows = 0;
  for (auto _ : state) {
    const at::Tensor pooled = PoolTokens(x, side, side);
    rows = pooled.size(0);
    accumulator.Add(pooled);
  }
  state.counters["GFLOP/s"] =
      benchmark::Counter(2e-9 * static_cast<double>(rows * width * width),
                         benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(Statistics)
    ->ArgNames({"D", "T", "B"})
    ->ArgsProduct({{320}, {4096}, {1, 8}})
    ->ArgsProduct({{640}, {1024}, {1, 8}})
    ->ArgsProduct({{1280}, {256, 64}, {1, 8}})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace gloce
