#include "eval/contact_sheet.h"

#include <algorithm>

#include "eval/thumbnail.h"

namespace gloce {
namespace {

constexpr uint8_t kPaper = 255;
constexpr uint8_t kMissing = 220;
constexpr int64_t kGap = 4;        // pixels between the pictures of a group
constexpr int64_t kGroupGap = 16;  // between groups

void Paste(const RgbPicture& picture, int64_t left, int64_t top,
           RgbPicture& sheet) {
  for (int64_t y = 0; y < picture.height; ++y) {
    const auto from =
        picture.rgb.begin() + static_cast<ptrdiff_t>(y * picture.width * 3);
    std::copy(from, from + static_cast<ptrdiff_t>(picture.width * 3),
              sheet.rgb.begin() +
                  static_cast<ptrdiff_t>(((top + y) * sheet.width + left) * 3));
  }
}

RgbPicture Blank(int64_t width, int64_t height, uint8_t value) {
  return {width, height,
          std::vector<uint8_t>(static_cast<size_t>(width * height * 3), value)};
}

// Before, erased, compared: from left to right.
std::vector<const EvaluatedSet*> SetsOf(const Evaluation& evaluation) {
  std::vector<const EvaluatedSet*> sets;
  for (const EvaluatedSet& set : evaluation.sets) {
    if (set.role == "reference") continue;
    sets.insert(set.role == "before" ? sets.begin() : sets.end(), &set);
  }
  return sets;
}

// The row's picture, made smaller; empty if this folder has none.
RgbPicture Thumbnail(const EvaluatedSet& set, size_t row, int64_t side) {
  if (!set.picture_of_row[row] || !set.facts[row].fault.empty()) return {};
  const std::string& file = set.set.pictures[*set.picture_of_row[row]].file;
  return Shrink(ReadPicture(set.set.folder + "/" + file), side);
}

}  // namespace

RgbPicture ContactSheet(const Evaluation& evaluation,
                        const std::vector<RankedRow>& rows,
                        const SheetSettings& settings) {
  const std::vector<const EvaluatedSet*> sets = SetsOf(evaluation);
  std::vector<std::vector<RgbPicture>> groups;
  int64_t width = 1, height = 1;  // of a place
  for (size_t i = 0; i < std::min(rows.size(), settings.max_rows); ++i) {
    groups.emplace_back();
    for (const EvaluatedSet* set : sets) {
      groups.back().push_back(Thumbnail(*set, rows[i].row, settings.side));
      width = std::max(width, groups.back().back().width);
      height = std::max(height, groups.back().back().height);
    }
  }
  const auto number = static_cast<int64_t>(groups.size());
  const int64_t columns =
      std::clamp<int64_t>(number, 1, static_cast<int64_t>(settings.columns));
  const int64_t lines = std::max<int64_t>(1, (number + columns - 1) / columns);
  const int64_t group =
      static_cast<int64_t>(sets.size()) * (width + kGap) + kGroupGap;
  RgbPicture sheet = Blank(kGroupGap + columns * group,
                           kGroupGap + lines * (height + kGroupGap), kPaper);
  for (int64_t i = 0; i < number; ++i) {
    int64_t left = kGroupGap + i % columns * group;
    const int64_t top = kGroupGap + i / columns * (height + kGroupGap);
    for (const RgbPicture& picture : groups[static_cast<size_t>(i)]) {
      const bool is_missing = picture.rgb.empty();
      Paste(is_missing ? Blank(width, height, kMissing) : picture, left, top,
            sheet);
      left += width + kGap;
    }
  }
  return sheet;
}

}  // namespace gloce
