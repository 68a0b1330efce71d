// Pictures small enough for a page.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eval/rgb_picture.h"

namespace gloce {

// The picture, made smaller so that its longer side has at most `side` pixels.
RgbPicture Shrink(const RgbPicture& picture, int64_t side);

// "data:<type>;base64,…"
std::string DataUri(std::string_view type, std::string_view bytes);

// RFC 4648, with padding.
std::string Base64(std::string_view bytes);

}  // namespace gloce
