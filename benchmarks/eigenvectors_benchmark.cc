// The leading eigenvectors that an eraser needs, against a full decomposition.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <tuple>

#include "erasure/subspace.h"
#include "random_erasers.h"

namespace gloce {
namespace {

constexpr int64_t kRankTarget = 16;
constexpr int64_t kRanks[] = {2, kRankTarget, 1};  // mapping, target, gate

// Q diag(1, 1/2, …, 1/D) Qᵀ with a random orthogonal Q, float64.
at::Tensor Covariance(int64_t width) {
  at::manual_seed(static_cast<uint64_t>(width));
  const at::Tensor basis =
      std::get<0>(at::linalg_qr(at::randn({width, width}, at::kDouble)));
  const at::Tensor values = at::arange(1, width + 1, at::kDouble).reciprocal();
  return at::matmul(basis * values, basis.t());
}

// Argument: D.
void Leading(benchmark::State& state) {
  const at::Tensor matrix = Covariance(state.range(0));
  bool in_full = false;
  for (auto _ : state)
    in_full = FindTopEigenvectors(matrix, kRankTarget).in_full;
  state.counters["in_full"] = in_full ? 1 : 0;  // the fall-back was taken
}

void Full(benchmark::State& state) {
  const at::Tensor matrix = Covariance(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(at::linalg_eigh(matrix));
}

double MillisecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now() - start)
      .count();
}

// Mapping, target and gate of one concept at all of SD 1.4's 16 hook points, 48
// decompositions each way in turn. The time shown is Lanczos'; counters:
// eigh_ms, ratio (eigh ÷ Lanczos), and the largest projector_error, the
// spectral norm of the difference of the two projectors.
void WholeConcept(benchmark::State& state) {
  double leading_ms = 0;
  double full_ms = 0;
  double error = 0;
  for (auto _ : state) {
    const double before = leading_ms;
    for (const LayerSize& size : kSd14Layers) {
      const at::Tensor matrix = Covariance(size.width);
      for (int64_t i = 0; i < size.count; ++i) {
        for (const int64_t rank : kRanks) {
          auto start = std::chrono::steady_clock::now();
          const at::Tensor found = TopEigenvectors(matrix, rank);
          leading_ms += MillisecondsSince(start);
          start = std::chrono::steady_clock::now();
          const at::Tensor all = std::get<1>(at::linalg_eigh(matrix));
          full_ms += MillisecondsSince(start);
          if (i > 0) continue;  // the same matrix again
          const at::Tensor expected =
              all.narrow(1, size.width - rank, rank);  // ascending
          // Of equal ranks: ‖P − Q‖₂ = ‖(I − P) V_Q‖₂.
          const at::Tensor outside =
              expected - at::matmul(found, at::matmul(found.t(), expected));
          error = std::max(error,
                           at::linalg_matrix_norm(outside, 2).item<double>());
        }
      }
    }
    state.SetIterationTime((leading_ms - before) / 1e3);
  }
  state.counters["eigh_ms"] =
      benchmark::Counter(full_ms, benchmark::Counter::kAvgIterations);
  state.counters["ratio"] = full_ms / leading_ms;
  state.counters["projector_error"] = error;
}

BENCHMARK(Leading)->Arg(320)->Arg(640)->Arg(1280)->UseRealTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(Full)->Arg(320)->Arg(640)->Arg(1280)->UseRealTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(WholeConcept)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gloce
