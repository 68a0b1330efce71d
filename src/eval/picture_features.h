// The features of a folder's pictures, as FID and KID need them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "eval/feature_statistics.h"

namespace gloce {

// KID looks at the first so many pictures of a folder.
inline constexpr int64_t kMaxKernelRows = 10'000;

class FeatureSamples {
 public:
  // features (B, D) float32 on the CPU. Throws Error as FeatureStatistics does.
  void Add(const at::Tensor& features);

  const FeatureStatistics& statistics() const { return statistics_; }
  int64_t count() const { return statistics_.count(); }

  // (N, D), N at most kMaxKernelRows. REQUIRES: count() > 0.
  at::Tensor Rows() const;

 private:
  FeatureStatistics statistics_;
  std::vector<at::Tensor> rows_;
  int64_t num_rows_ = 0;
};

}  // namespace gloce
