// Size and texts of a PNG, and whether it is whole. Pixels are not decoded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gloce {

struct PngInfo {
  int64_t width = 0;
  int64_t height = 0;
  int bit_depth = 0;   // 1, 2, 4, 8 or 16
  int color_type = 0;  // 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGBA
  // (keyword, value), in UTF-8, in the file's order.
  std::vector<std::pair<std::string, std::string>> text;

  // The first value with that keyword; null if there is none.
  const std::string* Text(std::string_view keyword) const;
};

// Walks all chunks of `bytes`. `origin` (a path) begins every message. Throws
// Error, each case with its own words, if the signature is missing, the file
// ends too early, a checksum differs, the header is missing or has values that
// PNG does not know, there is no picture data, an unknown critical chunk
// occurs, something follows the end, or a text chunk is malformed.
PngInfo ReadPng(std::string_view bytes, const std::string& origin);

}  // namespace gloce
