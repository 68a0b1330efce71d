#include "batch/png_reader.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>

#include "batch/png_format.h"
#include "batch/utf8.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// A compressed text may claim any size; prompts are never this long.
constexpr size_t kMaxInflatedBytes = size_t{1} << 24;

uint32_t BigEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

struct Chunk {
  std::string type;
  std::string_view data;
};

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& origin)
      : rest_(bytes), origin_(origin) {}

  PngInfo Read() {
    if (!rest_.starts_with(kPngSignature)) {
      // A prefix of the signature is a file that was cut, not another format.
      Fail(kPngSignature.starts_with(rest_) ? "is truncated in the signature"
                                            : "is not a PNG file");
    }
    rest_.remove_prefix(kPngSignature.size());
    Chunk chunk = Next();
    if (chunk.type != "IHDR") Fail("begins with " + chunk.type + ", not IHDR");
    ReadHeader(chunk.data);
    bool has_data = false;
    for (chunk = Next(); chunk.type != "IEND"; chunk = Next()) {
      if (chunk.type == "IDAT") {
        has_data = true;
      } else if (chunk.type == "tEXt") {
        ReadText(chunk);
      } else if (chunk.type == "zTXt") {
        ReadCompressedText(chunk);
      } else if (chunk.type == "iTXt") {
        ReadInternationalText(chunk);
      } else if (chunk.type != "PLTE" && IsCritical(chunk.type)) {
        Fail("has the unexpected chunk " + chunk.type);
      }
    }
    if (!chunk.data.empty()) Fail("has data in its IEND chunk");
    if (!has_data) Fail("has no picture data (IDAT)");
    if (!rest_.empty()) {
      Fail("has " + std::to_string(rest_.size()) + " bytes behind its end");
    }
    return std::move(info_);
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const {
    throw Error(origin_ + ": " + what);
  }

  // PNG specification, section 5.4: an upper-case first letter marks a chunk
  // that no reader may skip.
  static bool IsCritical(const std::string& type) {
    return (type[0] & 0x20) == 0;
  }

  Chunk Next() {
    if (rest_.size() < kPngChunkOverhead) {
      Fail("is truncated: it ends before the IEND chunk");
    }
    const uint32_t size = BigEndian(rest_);
    Chunk chunk;
    chunk.type = rest_.substr(4, 4);
    const bool letters =
        std::all_of(chunk.type.begin(), chunk.type.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        });
    if (!letters || size > kMaxPngChunkBytes) Fail("has a malformed chunk");
    if (rest_.size() - kPngChunkOverhead < size) {
      Fail("is truncated in its " + chunk.type + " chunk");
    }
    const std::string_view body = rest_.substr(4, size + 4);
    const auto crc =
        crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
    if (crc != BigEndian(rest_.substr(8 + size))) {
      Fail("is damaged: checksum of its " + chunk.type + " chunk differs");
    }
    chunk.data = body.substr(4);
    rest_.remove_prefix(kPngChunkOverhead + size);
    return chunk;
  }

  // PNG specification, table 11.1.
  static bool IsKnownFormat(int bit_depth, int color_type) {
    switch (color_type) {
      case 0:
        return bit_depth == 1 || bit_depth == 2 || bit_depth == 4 ||
               bit_depth == 8 || bit_depth == 16;
      case 3:
        return bit_depth == 1 || bit_depth == 2 || bit_depth == 4 ||
               bit_depth == 8;
      case 2:
      case 4:
      case 6:
        return bit_depth == 8 || bit_depth == 16;
      default:
        return false;
    }
  }

  void ReadHeader(std::string_view data) {
    if (data.size() != kPngHeaderBytes) Fail("has an IHDR of wrong size");
    info_.width = BigEndian(data);
    info_.height = BigEndian(data.substr(4));
    info_.bit_depth = static_cast<unsigned char>(data[8]);
    info_.color_type = static_cast<unsigned char>(data[9]);
    const int64_t max = kMaxPngChunkBytes;
    const bool known = IsKnownFormat(info_.bit_depth, info_.color_type) &&
                       data[10] == 0 && data[11] == 0 &&
                       (data[12] == 0 || data[12] == 1);
    if (info_.width < 1 || info_.width > max || info_.height < 1 ||
        info_.height > max || !known) {
      Fail("has an IHDR with values that PNG does not know");
    }
  }

  // Splits off what precedes the next NUL of `data`.
  std::string_view TakeString(const Chunk& chunk, std::string_view* data) {
    const size_t end = data->find('\0');
    if (end == data->npos) Fail("has a malformed " + chunk.type + " chunk");
    const std::string_view taken = data->substr(0, end);
    data->remove_prefix(end + 1);
    return taken;
  }

  std::string TakeKeyword(const Chunk& chunk, std::string_view* data) {
    const std::string_view keyword = TakeString(chunk, data);
    if (keyword.empty() || keyword.size() > kMaxPngKeywordBytes) {
      Fail("has a " + chunk.type + " chunk whose keyword has " +
           std::to_string(keyword.size()) + " bytes, expected 1 to 79");
    }
    return Latin1ToUtf8(keyword);
  }

  std::string Inflate(const Chunk& chunk, std::string_view data) {
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) Fail("cannot be inflated");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream.avail_in = static_cast<uInt>(data.size());
    std::string text;
    std::array<char, 4096> block{};
    int status = Z_OK;
    while (status == Z_OK && text.size() <= kMaxInflatedBytes) {
      stream.next_out = reinterpret_cast<Bytef*>(block.data());
      stream.avail_out = block.size();
      status = inflate(&stream, Z_NO_FLUSH);
      text.append(block.data(), block.size() - stream.avail_out);
    }
    const bool whole = status == Z_STREAM_END && stream.avail_in == 0;
    inflateEnd(&stream);
    if (!whole) {
      Fail("has a " + chunk.type +
           " chunk whose text cannot be decompressed or is above 16 MiB");
    }
    return text;
  }

  void ReadText(const Chunk& chunk) {
    std::string_view data = chunk.data;
    std::string keyword = TakeKeyword(chunk, &data);
    info_.text.emplace_back(std::move(keyword), Latin1ToUtf8(data));
  }

  void ReadCompressedText(const Chunk& chunk) {
    std::string_view data = chunk.data;
    std::string keyword = TakeKeyword(chunk, &data);
    if (!data.starts_with('\0')) Fail("has a malformed zTXt chunk");
    info_.text.emplace_back(std::move(keyword),
                            Latin1ToUtf8(Inflate(chunk, data.substr(1))));
  }

  void ReadInternationalText(const Chunk& chunk) {
    std::string_view data = chunk.data;
    std::string keyword = TakeKeyword(chunk, &data);
    if (data.size() < 2 || data[0] < 0 || data[0] > 1 || data[1] != 0) {
      Fail("has a malformed iTXt chunk");
    }
    const bool compressed = data[0] == 1;
    data.remove_prefix(2);
    TakeString(chunk, &data);  // language
    TakeString(chunk, &data);  // the keyword in that language
    std::string value = compressed ? Inflate(chunk, data) : std::string(data);
    if (FindInvalidUtf8(value) != std::string::npos) {
      Fail("has an iTXt chunk that is not valid UTF-8");
    }
    info_.text.emplace_back(std::move(keyword), std::move(value));
  }

  std::string_view rest_;
  const std::string& origin_;
  PngInfo info_;
};

}  // namespace

const std::string* PngInfo::Text(std::string_view keyword) const {
  for (const auto& [key, value] : text) {
    if (key == keyword) return &value;
  }
  return nullptr;
}

PngInfo ReadPng(std::string_view bytes, const std::string& origin) {
  return Reader(bytes, origin).Read();
}

}  // namespace gloce
