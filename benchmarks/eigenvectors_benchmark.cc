// The leading eigenvectors that an eraser needs, against a full decomposition.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include <vector>

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

// Mapping, target and gate of one concept at all of SD 1.4's hook points.
// `decompose(matrix, rank)` is what is measured.
template <typename Decompose>
void Concept(benchmark::State& state, const Decompose& decompose) {
  std::vector<std::pair<int64_t, at::Tensor>> matrices;  // how often, matrix
  for (const LayerSize& size : kSd14Layers)
    matrices.emplace_back(size.count, Covariance(size.width));
  for (auto _ : state) {
    for (const auto& [count, matrix] : matrices) {
      for (int64_t i = 0; i < count; ++i) {
        for (const int64_t rank : kRanks) decompose(matrix, rank);
      }
    }
  }
}

void LeadingOfConcept(benchmark::State& state) {
  Concept(state, [](const at::Tensor& matrix, int64_t rank) {
    benchmark::DoNotOptimize(TopEigenvectors(matrix, rank));
  });
}

void FullOfConcept(benchmark::State& state) {
  Concept(state, [](const at::Tensor& matrix, int64_t /*rank*/) {
    benchmark::DoNotOptimize(at::linalg_eigh(matrix));
  });
}

BENCHMARK(Leading)->Arg(320)->Arg(640)->Arg(1280)->UseRealTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(Full)->Arg(320)->Arg(640)->Arg(1280)->UseRealTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(LeadingOfConcept)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(FullOfConcept)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gloce
