// Pixels and texts as a PNG.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gloce {

// A PNG of 8-bit RGB.
//   rgb   height × width × 3 values, row by row from the top
//   text  (keyword, UTF-8 value), stored behind the header in this order: as
//         tEXt where Latin-1 can hold the value, as uncompressed iTXt where it
//         cannot, which is what Pillow and so A1111's web UI write
// The bytes depend on the arguments alone. Throws Error if a side is not in
// [1, 16384], if a keyword is empty, longer than 79
// bytes or not printable ASCII, or if a value has a NUL or invalid UTF-8.
std::string EncodePng(
    const uint8_t* rgb, int width, int height,
    const std::vector<std::pair<std::string, std::string>>& text);

}  // namespace gloce
