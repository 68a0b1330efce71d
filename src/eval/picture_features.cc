#include "eval/picture_features.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace gloce {

void FeatureSamples::Add(const at::Tensor& features) {
  if (features.size(0) == 0) return;
  statistics_.Add(features);
  const int64_t taken = std::min(features.size(0), kMaxKernelRows - num_rows_);
  if (taken == 0) return;
  rows_.push_back(features.narrow(0, 0, taken).clone());
  num_rows_ += taken;
}

at::Tensor FeatureSamples::Rows() const { return at::cat(rows_); }

}  // namespace gloce
