// Sorted ranges of code points, as the generated tables hold them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace gloce {

struct CodeRange {
  char32_t first, last;
};

// The range of the sorted `ranges` that contains `c`, or nullptr.
template <typename Range, size_t kSize>
const Range* FindRange(const Range (&ranges)[kSize], char32_t c) {
  const Range* range = std::lower_bound(
      std::begin(ranges), std::end(ranges), c,
      [](const Range& r, char32_t value) { return r.last < value; });
  return range != std::end(ranges) && range->first <= c ? range : nullptr;
}

}  // namespace gloce
