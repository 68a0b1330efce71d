// Sums over one token, centred on the way, for kernels on raw memory.
#pragma once

#include <cstdint>
#include <numeric>

namespace gloce {

// Sums in lanes, which the compiler keeps in vector registers; a plain loop
// would have to add in order.
inline constexpr int64_t kSumLanes = 16;

// aᵀ(x − mean) of vectors of `width` values.
inline float CentredDot(const float* a, const float* x, const float* mean,
                        int64_t width) {
  float sums[kSumLanes] = {};
  int64_t d = 0;
  for (; d + kSumLanes <= width; d += kSumLanes) {
    for (int64_t i = 0; i < kSumLanes; ++i)
      sums[i] += a[d + i] * (x[d + i] - mean[d + i]);
  }
  for (int64_t i = 0; d < width; ++d, ++i) sums[i] += a[d] * (x[d] - mean[d]);
  return std::accumulate(sums, sums + kSumLanes, 0.0F);
}

// ‖x − mean‖² of vectors of `width` values.
inline float CentredSquares(const float* x, const float* mean, int64_t width) {
  float sums[kSumLanes] = {};
  const auto add = [&](int64_t lane, int64_t d) {
    const float y = x[d] - mean[d];
    sums[lane] += y * y;
  };
  int64_t d = 0;
  for (; d + kSumLanes <= width; d += kSumLanes) {
    for (int64_t i = 0; i < kSumLanes; ++i) add(i, d + i);
  }
  for (int64_t i = 0; d < width; ++d, ++i) add(i, d);
  return std::accumulate(sums, sums + kSumLanes, 0.0F);
}

}  // namespace gloce
