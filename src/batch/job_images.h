// From the rows of a table to the pictures of a job.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "batch/prompt_table.h"
#include "gloce/batch/job.h"

namespace gloce {

// Of one job. Each takes some hundred bytes.
inline constexpr int64_t kMaxImages = 2'000'000;

// What a row that says nothing gets; `settings.prompt` is not used.
struct RowDefaults {
  ImageSettings settings;
  int64_t num_images = 1;
};

// Completes the settings of a row's images, or refuses them with an Error.
using CheckImage = std::function<void(const PromptRow&, ImageSettings&)>;

struct JobImages {
  std::vector<JobImage> images;
  std::vector<BadRow> bad_rows;
};

// The images of all rows, in order; image i of a row has the row's seed + i.
// `origin` begins every message. A row is bad if a seed exceeds 2^63 - 1 that
// way, the job would have more than kMaxImages, a prompt is no valid UTF-8 or
// has a NUL, or `check` (which may be empty)
// refuses its images; then none of them is there.
JobImages ImagesOfRows(const std::vector<PromptRow>& rows,
                       const RowDefaults& defaults, const std::string& origin,
                       const CheckImage& check = {});

}  // namespace gloce
