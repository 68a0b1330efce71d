#include "batch/job_images.h"

#include <limits>

#include "batch/utf8.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

void CheckText(const std::string& text, const std::string& what) {
  if (text.find('\0') != text.npos ||
      FindInvalidUtf8(text) != std::string::npos) {
    throw Error(what + ": expected valid UTF-8 without NUL characters");
  }
}

JobImage FirstImage(const PromptRow& row, const RowDefaults& defaults) {
  JobImage image;
  image.settings = defaults.settings;
  image.settings.prompt = row.prompt;
  if (row.negative_prompt) {
    image.settings.negative_prompt = *row.negative_prompt;
  }
  image.settings.seed = row.seed.value_or(defaults.settings.seed);
  image.settings.guidance_scale =
      row.guidance.value_or(defaults.settings.guidance_scale);
  image.settings.width = row.width.value_or(defaults.settings.width);
  image.settings.height = row.height.value_or(defaults.settings.height);
  image.case_number = row.case_number;
  image.row = row.index;
  image.line = row.line;
  CheckText(image.settings.prompt, "prompt");
  CheckText(image.settings.negative_prompt, "negative prompt");
  return image;
}

void CheckSeeds(int64_t seed, int64_t count) {
  if (seed > std::numeric_limits<int64_t>::max() - (count - 1)) {
    throw Error("seed " + std::to_string(seed) + " + " +
                std::to_string(count - 1) + " for the last of " +
                std::to_string(count) + " images exceeds 2^63 - 1");
  }
}

}  // namespace

JobImages ImagesOfRows(const std::vector<PromptRow>& rows,
                       const RowDefaults& defaults, const std::string& origin,
                       const CheckImage& check) {
  JobImages result;
  result.images.reserve(rows.size());
  for (const PromptRow& row : rows) {
    try {
      JobImage image = FirstImage(row, defaults);
      const int64_t count = row.num_images.value_or(defaults.num_images);
      CheckSeeds(image.settings.seed, count);
      if (count > kMaxImages - static_cast<int64_t>(result.images.size())) {
        throw Error(std::to_string(count) +
                    " more pictures; a job has at most " +
                    std::to_string(kMaxImages) + ", so split the table");
      }
      if (check) check(row, image.settings);
      const int64_t seed = image.settings.seed;
      for (; image.i < count; ++image.i) {
        image.settings.seed = seed + image.i;
        result.images.push_back(image);
      }
    } catch (const Error& error) {
      result.bad_rows.push_back(
          {row.index, row.line,
           PlaceOfRow(origin, row.line) + ": " + error.what()});
    }
  }
  return result;
}

}  // namespace gloce
