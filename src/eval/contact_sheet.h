// Many pictures as one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "eval/evaluation.h"
#include "eval/ranked_rows.h"

namespace gloce {

struct SheetSettings {
  int64_t side = 128;  // of a picture, in pixels, at most
  size_t max_rows = 60;
  size_t columns = 3;  // groups beside each other
};

// One group a row of the evaluation: its pictures of all folders side by side,
// the ones before first; a grey place where a picture is missing. Groups go
// from left to right, then down. Throws Error if a picture that was read before
// cannot be read any more.
RgbPicture ContactSheet(const Evaluation& evaluation,
                        const std::vector<RankedRow>& rows,
                        const SheetSettings& settings = {});

}  // namespace gloce
