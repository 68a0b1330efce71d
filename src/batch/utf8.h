// The little that file names, PNG text and prompt tables need to know of UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "text/unicode.h"

namespace gloce {

// The first `max_code_points` code points of `text`, which is valid UTF-8.
std::string_view Utf8Prefix(std::string_view text, size_t max_code_points);

// The longest prefix of `text`, which is valid UTF-8, that has at most
// `max_bytes` bytes and ends between two code points.
std::string_view Utf8PrefixOfBytes(std::string_view text, size_t max_bytes);

// Latin-1 text as UTF-8: byte b becomes code point b.
std::string Latin1ToUtf8(std::string_view latin1);

// Valid UTF-8 as Latin-1. Returns false, and leaves `latin1` unspecified, if a
// code point is above U+00FF.
bool Utf8ToLatin1(std::string_view text, std::string* latin1);

}  // namespace gloce
