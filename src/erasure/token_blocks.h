// Tokens in blocks, so that working memory does not grow with their number.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>

namespace gloce {

// Bytes of a block, all that is computed on the way included: on the CPU what
// lives at one time of it stays in a core's cache; on accelerators 1 % of
// Stable Diffusion 1.4's U-Net in a half type.
inline constexpr int64_t kBlockBytesCpu = 6 << 20;
inline constexpr int64_t kBlockBytesAccelerator = 16 << 20;

// Calls `each(begin, count)` for blocks of the tokens rows (M, D), in order, of
// which each token takes `bytes_per_token`, at most, in all that is allocated
// at one time.
template <typename Each>
void ForTokenBlocks(const at::Tensor& rows, int64_t bytes_per_token,
                    const Each& each) {
  const int64_t bytes = rows.is_cpu() ? kBlockBytesCpu : kBlockBytesAccelerator;
  const int64_t block = std::max<int64_t>(bytes / bytes_per_token, 1);
  const int64_t num_rows = rows.size(0);
  for (int64_t begin = 0; begin < num_rows; begin += block)
    each(begin, std::min(block, num_rows - begin));
}

}  // namespace gloce
