// Kernels over tokens on LibTorch's own threads.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace gloce {

// Values that one thread should handle at least.
inline constexpr int64_t kGrain = 32768;

// Calls `each(first, last)` for ranges of tokens that together are all of them;
// a thread takes at least `grain`. at::parallel_for would be serial in a file
// that is compiled without OpenMP, and a second OpenMP runtime would compete
// for the cores.
//   per_token  (M) on the CPU, contiguous: one value a token, not looked at
void ForTokens(const at::Tensor& per_token, int64_t grain,
               const std::function<void(int64_t, int64_t)>& each);

}  // namespace gloce
