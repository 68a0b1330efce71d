// Where one character, as a reader sees it, ends.
#pragma once

#include <cstddef>
#include <string_view>

namespace gloce {

// Code points of the extended grapheme cluster that begins `text` (Unicode
// Standard Annex #29, rules GB3 to GB13), with the reference tokenizer's
// tables: Note [Versions of Unicode] in unicode.h. 0 if `text` is empty. Linear
// in what it returns.
size_t GraphemeLength(std::u32string_view text);

}  // namespace gloce
