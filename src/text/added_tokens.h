// Tokens that are recognised as a whole where they stand in a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gloce {

struct AddedToken {
  std::string content;
  int64_t id = 0;
  // Looked for after normalisation (so "<|STARTOFTEXT|>" is found as well), not
  // before. transformers has it so for the BOS of Stable Diffusion 1.x.
  bool normalized = false;
  // Takes the white space before or after it along.
  bool lstrip = false;
  bool rstrip = false;
};

// An added token as it is looked for.
struct TokenPattern {
  std::u32string content;
  int64_t id = 0;
  bool lstrip = false;
  bool rstrip = false;
};

// White space at the end, at the beginning of `text`, in code points.
size_t CountSpacesAtEnd(std::u32string_view text);
size_t CountSpacesAtBegin(std::u32string_view text);

// Appends the ids of the patterns found, leftmost first and the longest of
// those that begin at one place, and calls `between` with the text around them.
template <typename Between>
void SplitAt(const std::vector<TokenPattern>& patterns,
             std::u32string_view text, std::vector<int64_t>& ids,
             const Between& between) {
  size_t begin = 0;
  for (size_t i = 0; i < text.size();) {
    const TokenPattern* longest = nullptr;
    for (const TokenPattern& pattern : patterns) {
      if (!text.substr(i).starts_with(pattern.content)) continue;
      if (longest == nullptr ||
          pattern.content.size() > longest->content.size()) {
        longest = &pattern;
      }
    }
    if (longest == nullptr) {
      ++i;
      continue;
    }
    std::u32string_view before = text.substr(begin, i - begin);
    if (longest->lstrip) before.remove_suffix(CountSpacesAtEnd(before));
    if (!before.empty()) between(before);
    ids.push_back(longest->id);
    i += longest->content.size();
    if (longest->rstrip) i += CountSpacesAtBegin(text.substr(i));
    begin = i;
  }
  if (begin < text.size()) between(text.substr(begin));
}

}  // namespace gloce
