#include "eval/feature_statistics.h"

#include <ATen/ATen.h>

#include <string>

#include "gloce/base/error.h"

namespace gloce {

void FeatureStatistics::Add(const at::Tensor& features) {
  if (features.dim() != 2) {
    throw Error("features: got " + std::to_string(features.dim()) +
                " dimensions, expected 2 (pictures, width)");
  }
  if (features.size(0) == 0) return;
  if (!at::isfinite(features).all().item<bool>())
    throw Error("features: a value is not finite");
  at::Tensor rows = features.to(at::kDouble);
  if (count_ == 0) {
    shift_ = rows.mean(0);
    sum_ = at::zeros_like(shift_);
    outer_sum_ = at::zeros({rows.size(1), rows.size(1)}, rows.options());
  }
  if (rows.size(1) != shift_.size(0)) {
    throw Error("features: got a width of " + std::to_string(rows.size(1)) +
                ", expected " + std::to_string(shift_.size(0)) +
                " as in the pictures before");
  }
  rows = rows - shift_;
  sum_ += rows.sum(0);
  outer_sum_.addmm_(rows.t(), rows);
  count_ += rows.size(0);
}

at::Tensor FeatureStatistics::Mean() const {
  if (count_ == 0) throw Error("features: none to take the mean of");
  return shift_ + sum_ / count_;
}

at::Tensor FeatureStatistics::Covariance() const {
  if (count_ < 2) {
    throw Error("features: got " + std::to_string(count_) +
                ", a covariance needs 2 or more");
  }
  return (outer_sum_ - at::outer(sum_, sum_) / count_) / (count_ - 1);
}

}  // namespace gloce
