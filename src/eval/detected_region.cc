#include "eval/detected_region.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <vector>

namespace gloce {
namespace {

constexpr int64_t kCells = 16;   // of the map, along each side
constexpr int64_t kCovered = 4;  // cells of a square, along each side
constexpr int64_t kPlaces = kCells - kCovered + 1;
constexpr double kShareOfLargest = 0.2;

std::array<uint8_t, 3> MeanColour(const RgbPicture& picture) {
  std::array<int64_t, 3> sums{};
  for (size_t i = 0; i < picture.rgb.size(); ++i) sums[i % 3] += picture.rgb[i];
  std::array<uint8_t, 3> colour{};
  for (size_t c = 0; c < 3; ++c) {
    colour[c] =
        static_cast<uint8_t>(sums[c] / (picture.width * picture.height));
  }
  return colour;
}

RgbPicture Covered(const RgbPicture& picture, int64_t row, int64_t column,
                   const std::array<uint8_t, 3>& colour) {
  RgbPicture covered = picture;
  const int64_t top = row * picture.height / kCells;
  const int64_t bottom = (row + kCovered) * picture.height / kCells;
  const int64_t left = column * picture.width / kCells;
  const int64_t right = (column + kCovered) * picture.width / kCells;
  for (int64_t y = top; y < bottom; ++y) {
    for (int64_t x = left; x < right; ++x) {
      const auto at = static_cast<size_t>((y * picture.width + x) * 3);
      std::copy(colour.begin(), colour.end(), covered.rgb.begin() + at);
    }
  }
  return covered;
}

}  // namespace

std::optional<Region> DetectedRegion(Detector& detector,
                                     const RgbPicture& picture, size_t label) {
  const auto column_of_label = static_cast<int64_t>(label);
  const double whole =
      detector.Scores({picture})[0][column_of_label].item<double>();
  const auto colour = MeanColour(picture);
  std::vector<double> loss(kCells * kCells), covers(kCells * kCells);
  for (int64_t row = 0; row < kPlaces; ++row) {
    std::vector<RgbPicture> pictures;
    for (int64_t column = 0; column < kPlaces; ++column)
      pictures.push_back(Covered(picture, row, column, colour));
    const at::Tensor scores =
        detector.Scores(pictures).select(1, column_of_label);
    for (int64_t column = 0; column < kPlaces; ++column) {
      const double lost = whole - scores[column].item<double>();
      for (int64_t y = row; y < row + kCovered; ++y) {
        for (int64_t x = column; x < column + kCovered; ++x) {
          loss[static_cast<size_t>(y * kCells + x)] += lost;
          covers[static_cast<size_t>(y * kCells + x)] += 1;
        }
      }
    }
  }
  for (size_t i = 0; i < loss.size(); ++i) loss[i] /= covers[i];
  const double largest = *std::max_element(loss.begin(), loss.end());
  if (!(largest > 0)) return std::nullopt;
  Region region{kCells, kCells, {}};
  for (const double value : loss)
    region.inside.push_back(value >= kShareOfLargest * largest);
  return region;
}

}  // namespace gloce
