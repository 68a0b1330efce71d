// KID.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace gloce {

// Rows of the two sides that make one estimate; as many of each.
struct KernelSubset {
  std::vector<int64_t> a, b;
};

// `number` random subsets without repetition inside a subset, each of
// min(size, rows_a, rows_b) rows; the same for the same seed.
std::vector<KernelSubset> RandomSubsets(int64_t rows_a, int64_t rows_b,
                                        int64_t number, int64_t size,
                                        uint64_t seed);

// The squared maximum mean discrepancy with the kernel (xᵀy / D + 1)³, unbiased
// within each side, mean over `subsets` (M. Bińkowski et al., arXiv 1801.01401,
// section 3), which with Inception's features is KID. The cross term takes all
// pairs, as in the published code.
//   a, b  (N, D), any floating dtype, on the CPU
// May be below 0. Throws Error if the widths differ or a subset is empty, has
// fewer than two rows a side or different numbers of them.
double KernelDistance(const at::Tensor& a, const at::Tensor& b,
                      const std::vector<KernelSubset>& subsets);

}  // namespace gloce
