// UTF-8, categories and lower case as CLIP's tokenizer sees them.
//
// Note [Versions of Unicode]
// The reference tokenizer (Hugging Face `tokenizers`) takes categories, lower
// case and normalisation from three libraries with three versions of Unicode.
// The tables here are read off that library, so they agree with none of the
// three as a whole: scripts/make_unicode_tables.py.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gloce {

// Offset of the first byte that is not part of well-formed UTF-8 (overlong
// forms, surrogates and values above U+10FFFF are not), or npos.
size_t FindInvalidUtf8(std::string_view text);

// Code points of `text`. Throws Error with the offset of the first bad byte.
std::u32string DecodeUtf8(std::string_view text);

// UTF-8 of code points that DecodeUtf8 could have returned.
std::string EncodeUtf8(std::u32string_view code_points);

// \p{L}, \p{N} and \s of the reference's regular expressions.
bool IsLetter(char32_t code_point);
bool IsNumber(char32_t code_point);
bool IsSpace(char32_t code_point);

// Lower case of each code point by itself: no rule for the final sigma; U+0130
// becomes "i" and U+0307.
std::u32string ToLower(std::u32string_view text);

}  // namespace gloce
