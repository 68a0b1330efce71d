// Kernels over tokens on LibTorch's own threads.
#pragma once

#include <ATen/TensorIterator.h>

#include <cstdint>

namespace gloce {

// Calls `each(first, last)` for ranges of tokens that together are all of them;
// a thread takes at least `grain`. at::parallel_for would be serial in a file
// that is compiled without OpenMP, and a second OpenMP runtime would compete
// for the cores.
//   per_token  (M) on the CPU, contiguous: one value a token, not looked at
template <typename Each>
void ForTokens(const at::Tensor& per_token, int64_t grain, const Each& each) {
  const auto* base = static_cast<const char*>(per_token.const_data_ptr());
  const auto item = static_cast<int64_t>(per_token.element_size());
  auto iterator = at::TensorIterator::borrowing_nullary_op(per_token);
  iterator.for_each(
      [&](char** data, const int64_t*, int64_t inner, int64_t outer) {
        const int64_t first = (data[0] - base) / item;
        each(first, first + inner * outer);
      },
      grain);
}

}  // namespace gloce
