#include "eval/resize.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace gloce {

at::Tensor ResizeBicubic(const at::Tensor& pixels, int64_t height,
                         int64_t width) {
  if (pixels.size(2) == height && pixels.size(3) == width) return pixels;
  at::Tensor resized =
      at::_upsample_bicubic2d_aa(pixels, {height, width}, false);
  return resized.is_floating_point() ? resized.clamp_(0, 255) : resized;
}

at::Tensor ResizeAndCrop(const at::Tensor& pixels, int64_t resize,
                         int64_t crop) {
  const int64_t height = pixels.size(2), width = pixels.size(3);
  const int64_t shorter = std::min(height, width);
  // torchvision cuts the longer side to a whole number.
  const at::Tensor resized = ResizeBicubic(pixels, resize * height / shorter,
                                           resize * width / shorter);
  // It rounds the place of the crop half to even.
  const auto begin = [crop](int64_t size) {
    return static_cast<int64_t>(
        std::nearbyint(static_cast<double>(size - crop) / 2));
  };
  return resized.narrow(2, begin(resized.size(2)), crop)
      .narrow(3, begin(resized.size(3)), crop);
}

}  // namespace gloce
