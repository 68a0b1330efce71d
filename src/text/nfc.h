// Unicode normalisation form C.
#pragma once

#include <string>
#include <string_view>

namespace gloce {

// Canonical decomposition, canonical order, canonical composition (Unicode
// Standard Annex #15), with the reference tokenizer's tables: Note [Versions of
// Unicode] in unicode.h. Time O(n log n) for any text.
std::u32string ToNfc(std::u32string_view text);

}  // namespace gloce
