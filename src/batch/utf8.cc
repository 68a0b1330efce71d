#include "batch/utf8.h"

#include <algorithm>
#include <cstdint>

namespace gloce {
namespace {

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

std::string_view Utf8Prefix(std::string_view text, size_t max_code_points) {
  size_t at = 0;
  while (at < text.size()) {
    if (!IsContinuation(text[at]) && max_code_points-- == 0) break;
    ++at;
  }
  return text.substr(0, at);
}

std::string_view Utf8PrefixOfBytes(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && IsContinuation(text[max_bytes])) --max_bytes;
  return text.substr(0, max_bytes);
}

std::string Latin1ToUtf8(std::string_view latin1) {
  std::string text;
  for (const char c : latin1) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

bool Utf8ToLatin1(std::string_view text, std::string* latin1) {
  latin1->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      *latin1 += text[i];
    } else {
      // U+0080 … U+00FF are the two-byte forms that begin with C2 or C3.
      if (byte > 0xC3) return false;
      const auto next = static_cast<unsigned char>(text[++i]);
      *latin1 += static_cast<char>(((byte & 0x03) << 6) | (next & 0x3F));
    }
  }
  return true;
}

}  // namespace gloce
