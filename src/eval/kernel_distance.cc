#include "eval/kernel_distance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <utility>

#include "eval/draw_below.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// The first `size` of a shuffle.
std::vector<int64_t> Draw(int64_t rows, int64_t size,
                          std::mt19937_64& generator) {
  std::vector<int64_t> indices(static_cast<size_t>(rows));
  std::iota(indices.begin(), indices.end(), 0);
  for (size_t k = 0; k < static_cast<size_t>(size); ++k) {
    const size_t other = k + DrawBelow(indices.size() - k, generator);
    std::swap(indices[k], indices[other]);
  }
  indices.resize(static_cast<size_t>(size));
  return indices;
}

// (N, M) float64
at::Tensor Kernel(const at::Tensor& x, const at::Tensor& y) {
  return (x.matmul(y.t()) / x.size(1) + 1).pow(3);
}

at::Tensor RowsOf(const at::Tensor& features,
                  const std::vector<int64_t>& rows) {
  return features.index_select(0, at::tensor(rows, at::kLong)).to(at::kDouble);
}

double WithinSide(const at::Tensor& x) {
  const at::Tensor kernel = Kernel(x, x);
  const auto m = static_cast<double>(x.size(0));
  return (kernel.sum() - kernel.trace()).item<double>() / (m * (m - 1));
}

}  // namespace

std::vector<KernelSubset> RandomSubsets(int64_t rows_a, int64_t rows_b,
                                        int64_t number, int64_t size,
                                        uint64_t seed) {
  std::mt19937_64 generator(seed);
  const int64_t rows = std::min({size, rows_a, rows_b});
  std::vector<KernelSubset> subsets;
  subsets.reserve(static_cast<size_t>(number));
  for (int64_t s = 0; s < number; ++s) {
    KernelSubset subset;
    subset.a = Draw(rows_a, rows, generator);
    subset.b = Draw(rows_b, rows, generator);
    subsets.push_back(std::move(subset));
  }
  return subsets;
}

double KernelDistance(const at::Tensor& a, const at::Tensor& b,
                      const std::vector<KernelSubset>& subsets) {
  if (a.size(1) != b.size(1)) {
    throw Error("features: got widths of " + std::to_string(a.size(1)) +
                " and " + std::to_string(b.size(1)) + ", expected equal ones");
  }
  if (subsets.empty()) throw Error("kernel distance: no subset of pictures");
  double sum = 0;
  for (const KernelSubset& subset : subsets) {
    if (subset.a.size() < 2 || subset.a.size() != subset.b.size()) {
      throw Error("kernel distance: a subset has " +
                  std::to_string(subset.a.size()) + " and " +
                  std::to_string(subset.b.size()) +
                  " pictures, expected equal numbers of 2 or more");
    }
    const at::Tensor x = RowsOf(a, subset.a), y = RowsOf(b, subset.b);
    sum +=
        WithinSide(x) + WithinSide(y) - 2 * Kernel(x, y).mean().item<double>();
  }
  return sum / static_cast<double>(subsets.size());
}

}  // namespace gloce
