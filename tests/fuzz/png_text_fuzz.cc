// Text that the writer takes is read again as it was; and text chunks of any
// bytes, under a right checksum, are read or refused.
#include <zlib.h>

#include <array>
#include <cstdlib>

#include "batch/png_reader.h"
#include "fuzz_target.h"
#include "gloce/batch/png_writer.h"

namespace {

constexpr std::array<uint8_t, 3> kPixel = {1, 2, 3};
constexpr size_t kHeaderEnd = 33;  // the signature and the header's chunk

std::string BigEndian(size_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(value >> shift & 0xFF);
  }
  return bytes;
}

// A picture with one more chunk.
std::string WithChunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  std::string png = gloce::EncodePng(kPixel.data(), 1, 1, {});
  png.insert(kHeaderEnd,
             BigEndian(data.size()) + body +
                 BigEndian(crc32(0, reinterpret_cast<const Bytef*>(body.data()),
                                 static_cast<uInt>(body.size()))));
  return png;
}

void RoundTrip(const std::string& value) {
  const std::string png =
      gloce::EncodePng(kPixel.data(), 1, 1, {{"parameters", value}});
  try {
    const std::string* read = nullptr;
    const gloce::PngInfo info = gloce::ReadPng(png, "written");
    read = info.Text("parameters");
    if (read == nullptr || *read != value) std::abort();
  } catch (const gloce::Error&) {
    std::abort();
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = gloce::AsString(data, size);
  gloce::IgnoreErrors([&] { RoundTrip(text); });
  for (const char* type : {"tEXt", "zTXt", "iTXt"}) {
    gloce::IgnoreErrors([&] { gloce::ReadPng(WithChunk(type, text), "fuzz"); });
  }
  return 0;
}
