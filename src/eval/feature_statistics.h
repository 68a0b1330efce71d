// Mean and covariance of pictures' features, streaming.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace gloce {

// Sums over feature rows in float64, of size D², whatever the number of rows.
// Rows are taken relative to the first batch's mean, without which the
// covariance of features far from zero would cancel.
class FeatureStatistics {
 public:
  // features (N, D), any floating dtype, on the CPU. Throws Error if D differs
  // from that of the rows before, or a value is not finite.
  void Add(const at::Tensor& features);

  int64_t count() const { return count_; }

  // (D) float64. Throws Error if nothing was added.
  at::Tensor Mean() const;

  // (D, D) float64, Σ(x − μ)(x − μ)ᵀ / (N − 1) as in numpy.cov. Throws Error if
  // fewer than two rows were added.
  at::Tensor Covariance() const;

 private:
  int64_t count_ = 0;
  at::Tensor shift_;      // (D), of the first batch
  at::Tensor sum_;        // (D), Σ(x − shift)
  at::Tensor outer_sum_;  // (D, D), Σ(x − shift)(x − shift)ᵀ
};

}  // namespace gloce
