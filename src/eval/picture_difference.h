// How much two pictures of the same prompt and seed differ, and where.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "eval/rgb_picture.h"

namespace gloce {

// A pixel counts as changed if a channel differs by more than this, of 255.
inline constexpr int kVisibleChange = 8;

// Part of a picture: one entry a pixel, row by row from the top.
struct Region {
  int64_t width = 0;
  int64_t height = 0;
  std::vector<bool> inside;
};

struct PictureDifference {
  double changed = 0;  // share of pixels that changed
  double mean = 0;     // mean absolute difference of the values, in [0, 1]
  // Locality: the share of changed pixels inside and outside of the region;
  // nothing where that part is empty or there is no region.
  std::optional<double> changed_inside;
  std::optional<double> changed_outside;
};

// Throws Error if the sizes differ. `region` may be null; it is stretched to
// the pictures' size by its nearest entries.
PictureDifference Compare(const RgbPicture& before, const RgbPicture& after,
                          const Region* region = nullptr);

}  // namespace gloce
