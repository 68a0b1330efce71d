#include "eval/thumbnail.h"

#include <openssl/evp.h>

#include <algorithm>

#include "eval/resize.h"

namespace gloce {

RgbPicture Shrink(const RgbPicture& picture, int64_t side) {
  const int64_t longer = std::max(picture.width, picture.height);
  if (longer <= side) return picture;
  const auto scaled = [&](int64_t size) {
    return std::max<int64_t>(1, (size * side + longer / 2) / longer);
  };
  return ResizeAsPillow(picture, scaled(picture.height), scaled(picture.width));
}

std::string Base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

std::string DataUri(std::string_view type, std::string_view bytes) {
  return "data:" + std::string(type) + ";base64," + Base64(bytes);
}

}  // namespace gloce
