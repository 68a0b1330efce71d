#include "eval/resize.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace gloce {
namespace {

// R. Keys' cubic kernel with a = −1/2.
double Cubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1) return ((kA + 2) * x - (kA + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * kA;
  return 0;
}

constexpr int kFractionBits = 22;

// Which values make one, from `begin` on, and how much each counts, in 2^−22.
struct Taps {
  int64_t begin = 0;
  std::vector<int32_t> weights;
};

std::vector<Taps> TapsOf(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double widening = std::max(scale, 1.0);  // against aliasing
  const double reach = 2 * widening;
  std::vector<Taps> all;
  for (int64_t i = 0; i < to; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale;
    Taps taps;
    // Pillow rounds halves up.
    const auto first = static_cast<int64_t>(std::floor(center - reach + 0.5));
    const auto last = static_cast<int64_t>(std::floor(center + reach + 0.5));
    taps.begin = std::max<int64_t>(0, first);
    const int64_t end = std::min(from, last);
    std::vector<double> weights;
    double sum = 0;
    for (int64_t j = taps.begin; j < end; ++j) {
      weights.push_back(
          Cubic((static_cast<double>(j) - center + 0.5) / widening));
      sum += weights.back();
    }
    for (const double weight : weights) {
      taps.weights.push_back(static_cast<int32_t>(
          std::lround(weight / sum * (1 << kFractionBits))));
    }
    all.push_back(std::move(taps));
  }
  return all;
}

// Values that lie `stride` apart from `values` on.
uint8_t Weigh(const uint8_t* values, size_t stride, const Taps& taps) {
  int64_t sum = int64_t{1} << (kFractionBits - 1);
  values += static_cast<size_t>(taps.begin) * stride;
  for (const int32_t weight : taps.weights) {
    sum += int64_t{weight} * *values;
    values += stride;
  }
  return static_cast<uint8_t>(
      std::clamp<int64_t>(sum >> kFractionBits, 0, 255));
}

}  // namespace

at::Tensor ResizeBicubic(const at::Tensor& pixels, int64_t height,
                         int64_t width) {
  if (pixels.size(2) == height && pixels.size(3) == width) return pixels;
  return at::_upsample_bicubic2d_aa(pixels, {height, width}, false)
      .clamp_(0, 255);
}

RgbPicture ResizeAsPillow(const RgbPicture& picture, int64_t height,
                          int64_t width) {
  RgbPicture rows = picture;
  if (width != picture.width) {
    const std::vector<Taps> taps = TapsOf(picture.width, width);
    rows = {width, picture.height, {}};
    for (int64_t y = 0; y < picture.height; ++y) {
      const uint8_t* row = picture.rgb.data() + y * picture.width * 3;
      for (const Taps& tap : taps) {
        for (int c = 0; c < 3; ++c) rows.rgb.push_back(Weigh(row + c, 3, tap));
      }
    }
  }
  if (height == picture.height) return rows;
  RgbPicture resized{width, height, {}};
  const auto stride = static_cast<size_t>(width) * 3;
  for (const Taps& tap : TapsOf(picture.height, height)) {
    for (size_t x = 0; x < stride; ++x)
      resized.rgb.push_back(Weigh(rows.rgb.data() + x, stride, tap));
  }
  return resized;
}

RgbPicture ResizeAndCrop(const RgbPicture& picture, int64_t resize,
                         int64_t crop, bool floors) {
  const int64_t shorter = std::min(picture.height, picture.width);
  // The longer side is cut to a whole number.
  const RgbPicture resized =
      ResizeAsPillow(picture, resize * picture.height / shorter,
                     resize * picture.width / shorter);
  const auto begin = [&](int64_t size) {
    if (floors) return (size - crop) / 2;
    return static_cast<int64_t>(
        std::nearbyint(static_cast<double>(size - crop) / 2));
  };
  const int64_t left = begin(resized.width), top = begin(resized.height);
  RgbPicture cropped{crop, crop, {}};
  for (int64_t y = top; y < top + crop; ++y) {
    const auto row =
        resized.rgb.begin() + static_cast<ptrdiff_t>(y * resized.width * 3);
    cropped.rgb.insert(cropped.rgb.end(),
                       row + static_cast<ptrdiff_t>(left * 3),
                       row + static_cast<ptrdiff_t>((left + crop) * 3));
  }
  return cropped;
}

}  // namespace gloce
