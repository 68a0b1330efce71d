#include "eval/rgb_picture.h"

#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <memory>

#include "base/file.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1A\n";
constexpr std::string_view kJpegSignature = "\xFF\xD8\xFF";

void CheckSize(int64_t width, int64_t height, const std::string& origin) {
  if (width < 1 || height < 1 || width > kMaxPictureSide ||
      height > kMaxPictureSide) {
    throw Error(origin + ": got " + std::to_string(width) + " × " +
                std::to_string(height) + " pixels, expected sides of 1 to " +
                std::to_string(kMaxPictureSide));
  }
}

// What libpng reads from, and where it leaves its complaint.
struct PngSource {
  std::string_view left;
  char message[200] = "";
};

void ReadFromSource(png_structp png, png_bytep out, size_t size) {
  auto* source = static_cast<PngSource*>(png_get_io_ptr(png));
  if (size > source->left.size()) png_error(png, "the file ends too early");
  std::memcpy(out, source->left.data(), size);
  source->left.remove_prefix(size);
}

[[noreturn]] void KeepError(png_structp png, png_const_charp message) {
  auto* source = static_cast<PngSource*>(png_get_error_ptr(png));
  std::strncpy(source->message, message, sizeof source->message - 1);
  longjmp(png_jmpbuf(png), 1);
}

void IgnoreWarning(png_structp, png_const_charp) {}

struct PngReader {
  explicit PngReader(PngSource& source)
      : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, KeepError,
                                   IgnoreWarning)) {
    if (png == nullptr) throw std::bad_alloc();
    info = png_create_info_struct(png);
    if (info == nullptr) {
      png_destroy_read_struct(&png, nullptr, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png, &source, ReadFromSource);
    png_set_user_limits(png, kMaxPictureSide, kMaxPictureSide);
    // What is not needed for the pixels is skipped: libpng would make room for
    // the length that a text claims, up to 2 GiB.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  }
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  png_structp png;
  png_infop info = nullptr;
};

// libpng leaves by longjmp, so that nothing here may need a destructor. Returns
// whether all went well.
bool ReadPngHeader(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  png_read_info(reader.png, reader.info);
  png_set_expand(reader.png);
  png_set_strip_16(reader.png);
  png_set_strip_alpha(reader.png);
  png_set_gray_to_rgb(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}

bool ReadPngRows(PngReader& reader, png_bytep* rows) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  png_read_image(reader.png, rows);
  png_read_end(reader.png, nullptr);
  return true;
}

RgbPicture DecodePng(std::string_view bytes, const std::string& origin) {
  PngSource source{bytes};
  PngReader reader(source);
  const auto fail = [&] {
    throw Error(origin + ": is no whole PNG: " + source.message);
  };
  if (!ReadPngHeader(reader)) fail();
  RgbPicture picture;
  picture.width = png_get_image_width(reader.png, reader.info);
  picture.height = png_get_image_height(reader.png, reader.info);
  CheckSize(picture.width, picture.height, origin);
  const auto stride = static_cast<size_t>(picture.width) * 3;
  if (png_get_rowbytes(reader.png, reader.info) != stride)
    throw Error(origin + ": is a PNG of an unknown colour type");
  picture.rgb.resize(stride * static_cast<size_t>(picture.height));
  std::vector<png_bytep> rows;
  for (int64_t y = 0; y < picture.height; ++y)
    rows.push_back(picture.rgb.data() + stride * static_cast<size_t>(y));
  if (!ReadPngRows(reader, rows.data())) fail();
  return picture;
}

struct FreeJpeg {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using JpegHandle = std::unique_ptr<void, FreeJpeg>;

JpegHandle Checked(tjhandle handle) {
  if (handle == nullptr) throw std::bad_alloc();
  return JpegHandle(handle);
}

RgbPicture DecodeJpeg(std::string_view bytes, const std::string& origin) {
  const JpegHandle jpeg = Checked(tjInitDecompress());
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto fail = [&] {
    throw Error(origin + ": is no whole JPEG: " + tjGetErrorStr2(jpeg.get()));
  };
  int width = 0, height = 0, subsampling = 0, colors = 0;
  if (tjDecompressHeader3(jpeg.get(), data, bytes.size(), &width, &height,
                          &subsampling, &colors) != 0) {
    fail();
  }
  if (width < 1 || height < 1)
    throw Error(origin + ": is no whole JPEG: it has no picture");
  CheckSize(width, height, origin);
  if (colors == TJCS_CMYK || colors == TJCS_YCCK)
    throw Error(origin + ": is a JPEG of four inks; convert it to RGB");
  RgbPicture picture{width, height, {}};
  picture.rgb.resize(static_cast<size_t>(width) * static_cast<size_t>(height) *
                     3);
  if (tjDecompress2(jpeg.get(), data, bytes.size(), picture.rgb.data(), width,
                    0, height, TJPF_RGB, 0) != 0) {
    fail();
  }
  return picture;
}

}  // namespace

RgbPicture DecodePicture(std::string_view bytes, const std::string& origin) {
  if (bytes.starts_with(kPngSignature)) return DecodePng(bytes, origin);
  if (bytes.starts_with(kJpegSignature)) return DecodeJpeg(bytes, origin);
  throw Error(origin + ": is neither a PNG nor a JPEG");
}

RgbPicture ReadPicture(const std::string& path) {
  return DecodePicture(ReadFile(path), path);
}

std::string EncodeJpeg(const RgbPicture& picture, int quality) {
  const JpegHandle jpeg = Checked(tjInitCompress());
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const int status = tjCompress2(
      jpeg.get(), picture.rgb.data(), static_cast<int>(picture.width), 0,
      static_cast<int>(picture.height), TJPF_RGB, &bytes, &size, TJSAMP_444,
      quality, TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(bytes,
                                                                       tjFree);
  if (status != 0) {
    throw Error(std::string("cannot make a JPEG: ") +
                tjGetErrorStr2(jpeg.get()));
  }
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace gloce
