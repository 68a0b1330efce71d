// The leading eigenvectors that an eraser needs, against a full decomposition.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/stopwatch.h"
#include "erasure/layer_fit.h"
#include "erasure/subspace.h"
#include "random_erasers.h"

namespace gloce {
namespace {

constexpr int64_t kRankMap = 2;
constexpr int64_t kRankTarget = 16;
constexpr int64_t kRankGate = 1;

// Q diag(1, 1/2, …, 1/D) Qᵀ with a random orthogonal Q, float64, but for the
// gap at the target's rank, which is as small as that of real covariances: 2e-5
// of the largest.
at::Tensor Covariance(int64_t width) {
  at::manual_seed(static_cast<uint64_t>(width));
  const at::Tensor basis =
      std::get<0>(at::linalg_qr(at::randn({width, width}, at::kDouble)));
  const at::Tensor values = at::arange(1, width + 1, at::kDouble).reciprocal();
  values[kRankTarget - 1] = values[kRankTarget] + 2e-5;
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

// The spectral norm of the difference of the projectors onto columns of `found`
// and onto the leading eigenvectors in `ascending`.
double ProjectorError(const at::Tensor& found, const at::Tensor& ascending) {
  const int64_t rank = found.size(1);
  const at::Tensor expected =
      ascending.narrow(1, ascending.size(1) - rank, rank);
  // Of equal ranks: ‖P − Q‖₂ = ‖(I − P) V_Q‖₂.
  return at::linalg_matrix_norm(
             expected - at::matmul(found, at::matmul(found.t(), expected)), 2)
      .item<double>();
}

at::Tensor AllEigenvectors(const at::Tensor& matrix) {
  return std::get<1>(at::linalg_eigh(matrix));  // ascending
}

// What a build computes of one concept at SD 1.4's hook points of at most this
// D (1280: all 16), mapping, target and gate, and full decompositions of the
// same matrices, in turn. The time shown is the build's; counters: eigh_ms,
// ratio (eigh ÷ build), and the largest projector_error.
void WholeConcept(benchmark::State& state) {
  double build_seconds = 0;
  double full_seconds = 0;
  double error = 0;
  for (auto _ : state) {
    const double before = build_seconds;
    for (const LayerSize& size : kSd14Layers) {
      if (size.width > state.range(0)) continue;
      const Moments moments{at::zeros({size.width}, at::kDouble),
                            Covariance(size.width)};
      const at::Tensor surrogate = at::randn({size.width}, at::kDouble) /
                                   std::sqrt(static_cast<double>(size.width));
      for (int64_t i = 0; i < size.count; ++i) {
        const Stopwatch build;
        const MappingBasis mapping = FitMapping(moments, kRankMap);
        const TargetBasis target =
            FitTarget(moments, surrogate, kRankTarget, kRankGate);
        build_seconds += build.Seconds();
        const Stopwatch full;
        const at::Tensor of_mapping = AllEigenvectors(moments.covariance);
        const at::Tensor of_target = AllEigenvectors(moments.covariance);
        const at::Tensor of_gate = AllEigenvectors(
            moments.covariance + at::outer(surrogate, surrogate));
        full_seconds += full.Seconds();
        if (i > 0) continue;  // the same matrices again
        error = std::max({error, ProjectorError(mapping.vectors, of_mapping),
                          ProjectorError(target.vectors, of_target),
                          ProjectorError(target.gate_basis, of_gate)});
      }
    }
    state.SetIterationTime(build_seconds - before);
  }
  state.counters["eigh_ms"] = benchmark::Counter(
      1e3 * full_seconds, benchmark::Counter::kAvgIterations);
  state.counters["ratio"] = full_seconds / build_seconds;
  state.counters["projector_error"] = error;
}

BENCHMARK(Leading)->Arg(320)->Arg(640)->Arg(1280)->UseRealTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(Full)->Arg(320)->Arg(640)->Arg(1280)->UseRealTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(WholeConcept)
    ->Arg(320)
    ->Arg(1280)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gloce
