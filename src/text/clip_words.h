// The first half of CLIP's tokenizer: text to words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gloce {

// NFC, then every run of white space as one space, then lower case.
std::u32string NormalizeForClip(std::u32string_view text);

// The words of normalised text, as UTF-8. They are the matches of
//   <\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d
//   |[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
// each cut again by GPT-2's expression, which only changes the first two.
std::vector<std::string> SplitClipWords(std::u32string_view normalized);

}  // namespace gloce
