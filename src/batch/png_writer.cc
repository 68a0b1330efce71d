#include "gloce/batch/png_writer.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <string_view>

#include "batch/png_format.h"
#include "batch/utf8.h"
#include "gloce/base/error.h"

// The implementation stays private to this file; its folder is a system one,
// so that its warnings are not ours.
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_MALLOC(size) std::malloc(static_cast<size_t>(size) + 1)
#define STBIW_REALLOC(pointer, size) std::realloc(pointer, size)
#define STBIW_FREE(pointer) std::free(pointer)
#include <stb/stb_image_write.h>

namespace gloce {
namespace {

constexpr int kMaxSide = 16384;  // 3·16384² bytes still fit stb's int

void AppendBigEndian(uint32_t value, std::string* bytes) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    *bytes += static_cast<char>((value >> shift) & 0xFF);
  }
}

std::string Chunk(const std::string& type, const std::string& data) {
  if (data.size() > kMaxPngChunkBytes) {
    throw Error("PNG text of " + std::to_string(data.size()) +
                " bytes: expected at most 2147483647");
  }
  std::string chunk;
  AppendBigEndian(static_cast<uint32_t>(data.size()), &chunk);
  const std::string body = type + data;
  chunk += body;
  AppendBigEndian(
      static_cast<uint32_t>(
          crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size())),
      &chunk);
  return chunk;
}

std::string TextChunk(const std::string& keyword, const std::string& value) {
  const bool printable =
      std::all_of(keyword.begin(), keyword.end(),
                  [](char c) { return c >= 0x20 && c < 0x7F; });
  if (!printable || keyword.empty() || keyword.size() > kMaxPngKeywordBytes) {
    throw Error("PNG text: keyword '" + keyword +
                "': expected 1 to 79 printable ASCII characters");
  }
  if (value.find('\0') != value.npos ||
      FindInvalidUtf8(value) != std::string::npos) {
    throw Error("PNG text '" + keyword +
                "': the value has a NUL byte or is not valid UTF-8");
  }
  std::string latin1;
  if (Utf8ToLatin1(value, &latin1)) {
    return Chunk("tEXt", keyword + '\0' + latin1);
  }
  // Behind the keyword: not compressed, method 0, no language, and no
  // translation of the keyword.
  return Chunk("iTXt", keyword + std::string(5, '\0') + value);
}

}  // namespace

std::string EncodePng(
    const uint8_t* rgb, int width, int height,
    const std::vector<std::pair<std::string, std::string>>& text) {
  if (width < 1 || width > kMaxSide || height < 1 || height > kMaxSide) {
    throw Error("PNG of " + std::to_string(width) + "x" +
                std::to_string(height) + ": expected sides from 1 to " +
                std::to_string(kMaxSide));
  }
  std::string chunks;
  for (const auto& [keyword, value] : text) chunks += TextChunk(keyword, value);

  int size = 0;
  const std::unique_ptr<unsigned char, decltype(&std::free)> png(
      stbi_write_png_to_mem(rgb, width * 3, width, height, 3, &size),
      std::free);
  if (!png) throw std::bad_alloc();
  const std::string_view picture(reinterpret_cast<const char*>(png.get()),
                                 static_cast<size_t>(size));
  constexpr size_t kHeaderEnd =
      kPngSignature.size() + kPngChunkOverhead + kPngHeaderBytes;
  std::string bytes(picture.substr(0, kHeaderEnd));
  bytes += chunks;
  bytes += picture.substr(kHeaderEnd);
  return bytes;
}

}  // namespace gloce
