#include "erasure/token_ranges.h"

#include <ATen/TensorIterator.h>

namespace gloce {

void ForTokens(const at::Tensor& per_token, int64_t grain,
               const std::function<void(int64_t, int64_t)>& each) {
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
