#include "text/unicode.h"

#include <cstdint>

#include "gloce/base/error.h"
#include "text/code_ranges.h"

namespace gloce {
namespace {

// first, first + stride, …, last have lower case at a distance of `delta`.
struct LowerCaseRun {
  char32_t first, last, stride;
  int32_t delta;
};

#include "text/category_tables.inc"

struct Sequence {
  char32_t code_point;
  size_t length;  // bytes; 0 if malformed
};

// Reads the sequence that begins `text`. Table 3-7 of the Unicode standard:
// only the second byte's bounds depend on the first byte.
Sequence ReadSequence(std::string_view text) {
  const auto byte = [&](size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4) return {0, 0};
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) return {0, 0};
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return {0, 0};
  char32_t code_point = lead & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {0, 0};
    code_point = code_point << 6 | (byte(i) & 0x3FU);
  }
  return {code_point, length};
}

void AppendUtf8(char32_t c, std::string& out) {
  const auto tail = [&](int shift) {
    out += static_cast<char>(0x80 | (c >> shift & 0x3F));
  };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

[[noreturn]] void FailAt(std::string_view text, size_t offset) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(text[offset]);
  const char hex[] = {kDigits[byte >> 4], kDigits[byte & 15], '\0'};
  throw Error("text: byte " + std::to_string(offset) + ": got 0x" + hex +
              ", expected UTF-8; save the text as UTF-8");
}

}  // namespace

size_t FindInvalidUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const Sequence sequence = ReadSequence(text.substr(i));
    if (sequence.length == 0) return i;
    i += sequence.length;
  }
  return std::string_view::npos;
}

std::u32string DecodeUtf8(std::string_view text) {
  std::u32string code_points;
  code_points.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Sequence sequence = ReadSequence(text.substr(i));
    if (sequence.length == 0) FailAt(text, i);
    code_points += sequence.code_point;
    i += sequence.length;
  }
  return code_points;
}

std::string EncodeUtf8(std::u32string_view code_points) {
  std::string text;
  text.reserve(code_points.size());
  for (const char32_t c : code_points) AppendUtf8(c, text);
  return text;
}

bool IsLetter(char32_t code_point) {
  return FindRange(kLetters, code_point) != nullptr;
}

bool IsNumber(char32_t code_point) {
  return FindRange(kNumbers, code_point) != nullptr;
}

bool IsSpace(char32_t code_point) {
  return FindRange(kSpaces, code_point) != nullptr;
}

std::u32string ToLower(std::u32string_view text) {
  std::u32string lower;
  lower.reserve(text.size());
  for (const char32_t c : text) {
    if (c == U'\u0130') {
      lower += U"i\u0307";
      continue;
    }
    const LowerCaseRun* run = FindRange(kLowerCase, c);
    const bool has_lower =
        run != nullptr && (c - run->first) % run->stride == 0;
    lower += has_lower
                 ? static_cast<char32_t>(static_cast<int32_t>(c) + run->delta)
                 : c;
  }
  return lower;
}

}  // namespace gloce
