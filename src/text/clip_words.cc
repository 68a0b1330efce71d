#include "text/clip_words.h"

#include <array>
#include <cstddef>

#include "text/nfc.h"
#include "text/unicode.h"

namespace gloce {
namespace {

constexpr std::array<std::u32string_view, 7> kContractions = {
    U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"};

// Written in capitals in a prompt, they become these by lower-casing only, and
// are no tokens then, but three words each, apart from what surrounds them:
// "<|endoftext|>!" ends with "|>" and "!", not with "|>!".
constexpr std::array<std::u32string_view, 2> kSpecialNames = {
    U"<|startoftext|>", U"<|endoftext|>"};

// Length of the first of `options` that begins `text`, or 0.
template <size_t kSize>
size_t MatchAny(const std::array<std::u32string_view, kSize>& options,
                std::u32string_view text) {
  for (const std::u32string_view option : options) {
    if (text.starts_with(option)) return option.size();
  }
  return 0;
}

bool IsOther(char32_t c) { return !IsSpace(c) && !IsLetter(c) && !IsNumber(c); }

size_t CountWhile(std::u32string_view text, bool (*matches)(char32_t)) {
  size_t count = 0;
  while (count < text.size() && matches(text[count])) ++count;
  return count;
}

}  // namespace

std::u32string NormalizeForClip(std::u32string_view text) {
  const std::u32string composed = ToNfc(text);
  std::u32string collapsed;
  collapsed.reserve(composed.size());
  bool after_space = false;
  for (const char32_t c : composed) {
    const bool is_space = IsSpace(c);
    if (!is_space) {
      collapsed += c;
    } else if (!after_space) {
      collapsed += U' ';
    }
    after_space = is_space;
  }
  return ToLower(collapsed);
}

std::vector<std::string> SplitClipWords(std::u32string_view normalized) {
  std::vector<std::string> words;
  const auto take = [&](size_t length) {
    words.push_back(EncodeUtf8(normalized.substr(0, length)));
    normalized.remove_prefix(length);
  };
  while (!normalized.empty()) {
    if (const size_t name = MatchAny(kSpecialNames, normalized); name != 0) {
      take(2);         // <|
      take(name - 4);  // the letters
      take(2);         // |>
    } else if (const size_t length = MatchAny(kContractions, normalized);
               length != 0) {
      take(length);
    } else if (const size_t letters = CountWhile(normalized, IsLetter);
               letters != 0) {
      take(letters);
    } else if (IsNumber(normalized.front())) {
      take(1);
    } else if (const size_t others = CountWhile(normalized, IsOther);
               others != 0) {
      take(others);
    } else {
      normalized.remove_prefix(1);  // white space
    }
  }
  return words;
}

}  // namespace gloce
