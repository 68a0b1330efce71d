// From the rows of a table to the pictures of a job.
#pragma once

#include <string>
#include <vector>

#include "batch/prompt_table.h"
#include "gloce/batch/job.h"

namespace gloce {

// What a row that says nothing gets; `settings.prompt` is not used.
struct RowDefaults {
  ImageSettings settings;
  int64_t num_images = 1;
};

// The images of all rows, in order; image i of a row has the row's seed + i.
// `origin` begins every message. Throws Error naming the row's line if a seed
// exceeds 2^63 - 1 that way, or if a prompt is not valid UTF-8 or has a NUL.
std::vector<JobImage> ImagesOfRows(const std::vector<PromptRow>& rows,
                                   const RowDefaults& defaults,
                                   const std::string& origin);

// "prompts.csv: line 3", or "prompts.csv" for a row without a line.
std::string PlaceOfRow(const std::string& origin, size_t line);

}  // namespace gloce
