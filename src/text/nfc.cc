#include "text/nfc.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

namespace gloce {
namespace {

struct ClassRange {
  char32_t first, last;
  uint8_t combining_class;
};

// One step; `second` is 0 if a single code point takes the place.
struct Decomposition {
  char32_t code_point, first, second;
};

struct Composition {
  char32_t first, second, composed;
};

#include "text/nfc_tables.inc"

// Hangul syllables are composed by arithmetic (Unicode standard, section 3.12):
// leading consonant L, vowel V, optional trailing consonant T.
constexpr char32_t kSBase = 0xAC00, kLBase = 0x1100, kVBase = 0x1161,
                   kTBase = 0x11A7;
constexpr char32_t kLCount = 19, kVCount = 21, kTCount = 28;
constexpr char32_t kSCount = kLCount * kVCount * kTCount;

uint8_t CombiningClass(char32_t c) {
  const auto* range = std::lower_bound(
      std::begin(kCombiningClasses), std::end(kCombiningClasses), c,
      [](const ClassRange& r, char32_t value) { return r.last < value; });
  const bool found = range != std::end(kCombiningClasses) && range->first <= c;
  return found ? range->combining_class : 0;
}

void AppendDecomposed(char32_t c, std::u32string& out) {
  if (c >= kSBase && c < kSBase + kSCount) {
    const char32_t index = c - kSBase;
    out.push_back(kLBase + index / (kVCount * kTCount));
    out.push_back(kVBase + index % (kVCount * kTCount) / kTCount);
    if (index % kTCount != 0) out.push_back(kTBase + index % kTCount);
    return;
  }
  const auto* entry =
      std::lower_bound(std::begin(kDecompositions), std::end(kDecompositions),
                       c, [](const Decomposition& d, char32_t value) {
                         return d.code_point < value;
                       });
  if (entry == std::end(kDecompositions) || entry->code_point != c) {
    out += c;
    return;
  }
  AppendDecomposed(entry->first, out);  // the table nests four deep at most
  if (entry->second != 0) AppendDecomposed(entry->second, out);
}

// Sorts every run of combining characters by class, equal classes in order.
void SortCombining(std::u32string& text) {
  for (size_t i = 0; i < text.size();) {
    if (CombiningClass(text[i]) == 0) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < text.size() && CombiningClass(text[end]) != 0) ++end;
    std::stable_sort(text.begin() + i, text.begin() + end,
                     [](char32_t a, char32_t b) {
                       return CombiningClass(a) < CombiningClass(b);
                     });
    i = end;
  }
}

// The primary composite of a pair, or 0.
char32_t Compose(char32_t first, char32_t second) {
  if (first >= kLBase && first < kLBase + kLCount && second >= kVBase &&
      second < kVBase + kVCount) {
    return kSBase + ((first - kLBase) * kVCount + (second - kVBase)) * kTCount;
  }
  if (first >= kSBase && first < kSBase + kSCount &&
      (first - kSBase) % kTCount == 0 && second > kTBase &&
      second < kTBase + kTCount) {
    return first + (second - kTBase);
  }
  const auto* entry = std::lower_bound(
      std::begin(kCompositions), std::end(kCompositions),
      std::pair(first, second),
      [](const Composition& c, const std::pair<char32_t, char32_t>& pair) {
        return std::pair(c.first, c.second) < pair;
      });
  const bool found = entry != std::end(kCompositions) &&
                     entry->first == first && entry->second == second;
  return found ? entry->composed : 0;
}

}  // namespace

std::u32string ToNfc(std::u32string_view text) {
  std::u32string decomposed;
  decomposed.reserve(text.size());
  for (const char32_t c : text) AppendDecomposed(c, decomposed);
  SortCombining(decomposed);

  std::u32string result;
  result.reserve(decomposed.size());
  size_t starter = std::u32string::npos;  // the last one in `result`
  uint8_t last_class = 0;                 // of the last one kept after it
  for (const char32_t c : decomposed) {
    const uint8_t combining_class = CombiningClass(c);
    if (starter != std::u32string::npos) {
      // Blocked if a kept character between has the same class or a higher one,
      // or is a starter; neighbours always meet.
      const bool adjacent = starter + 1 == result.size();
      const bool reachable = adjacent || last_class < combining_class;
      const char32_t composed = reachable ? Compose(result[starter], c) : 0;
      if (composed != 0) {
        result[starter] = composed;
        continue;
      }
    }
    if (combining_class == 0) starter = result.size();
    last_class = combining_class;
    result += c;
  }
  return result;
}

}  // namespace gloce
