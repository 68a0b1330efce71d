// What the writer and the reader of PNG share (PNG specification, second
// edition, sections 5 and 11).
#pragma once

#include <cstdint>
#include <string_view>

namespace gloce {

inline constexpr std::string_view kPngSignature("\x89PNG\r\n\x1a\n", 8);

// A chunk is its data's length (4 bytes, big-endian), its type (4 bytes), the
// data, and a CRC-32 of type and data (4 bytes, big-endian).
inline constexpr size_t kPngChunkOverhead = 12;
inline constexpr uint32_t kMaxPngChunkBytes = 0x7FFFFFFF;
inline constexpr size_t kPngHeaderBytes = 13;  // the data of IHDR
inline constexpr size_t kMaxPngKeywordBytes = 79;

}  // namespace gloce
