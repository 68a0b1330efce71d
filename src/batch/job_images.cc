#include "batch/job_images.h"

#include <limits>

#include "batch/utf8.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

void CheckText(const std::string& text, const std::string& what,
               const std::string& place) {
  if (text.find('\0') != text.npos ||
      FindInvalidUtf8(text) != std::string::npos) {
    throw Error(place + ": " + what +
                ": expected valid UTF-8 without NUL characters");
  }
}

}  // namespace

std::string PlaceOfRow(const std::string& origin, size_t line) {
  return line == 0 ? origin : origin + ": line " + std::to_string(line);
}

std::vector<JobImage> ImagesOfRows(const std::vector<PromptRow>& rows,
                                   const RowDefaults& defaults,
                                   const std::string& origin) {
  std::vector<JobImage> images;
  images.reserve(rows.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    const PromptRow& row = rows[r];
    JobImage image;
    image.settings = defaults.settings;
    image.settings.prompt = row.prompt;
    if (row.negative_prompt) {
      image.settings.negative_prompt = *row.negative_prompt;
    }
    image.settings.guidance_scale =
        row.guidance.value_or(defaults.settings.guidance_scale);
    image.settings.width = row.width.value_or(defaults.settings.width);
    image.settings.height = row.height.value_or(defaults.settings.height);
    image.case_number = row.case_number;
    image.row = r;
    image.line = row.line;
    const std::string place = PlaceOfRow(origin, row.line);
    CheckText(image.settings.prompt, "prompt", place);
    CheckText(image.settings.negative_prompt, "negative prompt", place);

    const int64_t seed = row.seed.value_or(defaults.settings.seed);
    const int64_t count = row.num_images.value_or(defaults.num_images);
    if (seed > std::numeric_limits<int64_t>::max() - (count - 1)) {
      throw Error(place + ": seed " + std::to_string(seed) + " + " +
                  std::to_string(count - 1) + " for the last of " +
                  std::to_string(count) + " images exceeds 2^63 - 1");
    }
    for (image.i = 0; image.i < count; ++image.i) {
      image.settings.seed = seed + image.i;
      images.push_back(image);
    }
  }
  return images;
}

}  // namespace gloce
