#include "eval/picture_difference.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "gloce/base/error.h"

namespace gloce {
namespace {

std::string SizeText(const RgbPicture& picture) {
  return std::to_string(picture.width) + " × " + std::to_string(picture.height);
}

struct ChangeCount {
  int64_t pixels = 0;
  int64_t changed = 0;

  void Add(bool is_changed) {
    ++pixels;
    changed += is_changed;
  }
  std::optional<double> Share() const {
    if (pixels == 0) return std::nullopt;
    return static_cast<double>(changed) / static_cast<double>(pixels);
  }
};

}  // namespace

PictureDifference Compare(const RgbPicture& before, const RgbPicture& after,
                          const Region* region) {
  if (before.width != after.width || before.height != after.height) {
    throw Error("sizes differ: " + SizeText(before) + " and " +
                SizeText(after) + " pixels");
  }
  ChangeCount all, inside, outside;
  int64_t sum = 0;
  size_t at = 0;
  for (int64_t y = 0; y < before.height; ++y) {
    for (int64_t x = 0; x < before.width; ++x) {
      int largest = 0;
      for (int channel = 0; channel < 3; ++channel, ++at) {
        const int difference = std::abs(before.rgb[at] - after.rgb[at]);
        largest = std::max(largest, difference);
        sum += difference;
      }
      const bool is_changed = largest > kVisibleChange;
      all.Add(is_changed);
      if (region == nullptr) continue;
      const int64_t row = y * region->height / before.height;
      const int64_t column = x * region->width / before.width;
      const auto place = static_cast<size_t>(row * region->width + column);
      (region->inside[place] ? inside : outside).Add(is_changed);
    }
  }
  PictureDifference difference;
  difference.changed = all.Share().value();
  difference.mean =
      static_cast<double>(sum) / (static_cast<double>(before.rgb.size()) * 255);
  difference.changed_inside = inside.Share();
  difference.changed_outside = outside.Share();
  return difference;
}

}  // namespace gloce
