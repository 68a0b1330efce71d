// Pictures in memory, and files of any tool's pictures.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gloce {

struct RgbPicture {
  int64_t width = 0;  // pixels
  int64_t height = 0;
  std::vector<uint8_t> rgb;  // height × width × 3, row by row from the top
};

// Sides of pictures that are read, at most.
inline constexpr int64_t kMaxPictureSide = 16384;

// Decodes a PNG or a JPEG, told apart by their first bytes. The values are
// those of Pillow's convert("RGB"): grey and palettes are spread out, alpha is
// dropped, 16 bits lose the lower 8, colour profiles are not applied. `origin`
// (a path) begins every message. Throws Error, each case with its own words, if
// the bytes are neither, are damaged or cut off, a side exceeds
// kMaxPictureSide, or the JPEG is of four inks.
RgbPicture DecodePicture(std::string_view bytes, const std::string& origin);

// Reads the file at `path`. Throws Error likewise, or if it cannot be read.
RgbPicture ReadPicture(const std::string& path);

// A JPEG without subsampling of colours. quality in [1, 100].
std::string EncodeJpeg(const RgbPicture& picture, int quality);

}  // namespace gloce
