// The chunks and pixels of a PNG, decoded without our writer's code.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "batch/png_reader.h"
#include "gloce/base/error.h"

namespace gloce {

struct ChunkOfFile {
  std::string type;
  std::string data;
};

// The chunks of a PNG that ReadPng accepts.
inline std::vector<ChunkOfFile> Chunks(const std::string& png) {
  std::vector<ChunkOfFile> chunks;
  for (size_t at = 8; at < png.size();) {
    size_t size = 0;
    for (int i = 0; i < 4; ++i) {
      size = size << 8 | static_cast<unsigned char>(png[at + i]);
    }
    chunks.push_back({png.substr(at + 4, 4), png.substr(at + 8, size)});
    at += size + 12;
  }
  return chunks;
}

inline int Paeth(int a, int b, int c) {
  const int p = a + b - c;
  const int pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

// Decodes 8-bit RGB by the specification (sections 9 and 10), for tests only.
inline std::vector<uint8_t> Pixels(const std::string& png) {
  std::string packed;
  for (const ChunkOfFile& chunk : Chunks(png)) {
    if (chunk.type == "IDAT") packed += chunk.data;
  }
  const PngInfo info = ReadPng(png, "test");
  const auto stride = static_cast<size_t>(3 * info.width);
  const auto rows = static_cast<size_t>(info.height);
  std::vector<uint8_t> filtered(rows * (stride + 1));
  uLongf size = filtered.size();
  const int status =
      uncompress(filtered.data(), &size,
                 reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  if (status != Z_OK || size != filtered.size())
    throw Error("the pixels cannot be decompressed");
  std::vector<uint8_t> rgb(rows * stride);
  for (size_t y = 0; y < rows; ++y) {
    const uint8_t* line = &filtered[y * (stride + 1)];
    for (size_t x = 0; x < stride; ++x) {
      const int a = x >= 3 ? rgb[y * stride + x - 3] : 0;
      const int b = y > 0 ? rgb[(y - 1) * stride + x] : 0;
      const int c = x >= 3 && y > 0 ? rgb[(y - 1) * stride + x - 3] : 0;
      const int predictions[] = {0, a, b, (a + b) / 2, Paeth(a, b, c)};
      rgb[y * stride + x] =
          static_cast<uint8_t>(line[1 + x] + predictions[line[0]]);
    }
  }
  return rgb;
}

}  // namespace gloce
