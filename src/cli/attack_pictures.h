// The pictures that a run of `gloce eval attack` drew.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "batch/prompt_table.h"
#include "eval/picture_set.h"

namespace gloce {

// A picture's file → the place of its row.
using RowOfFile = std::map<std::string, size_t>;

// All pictures of the rows, which have case numbers and numbers of images.
RowOfFile FilesOfRows(const std::vector<PromptRow>& rows);

// Removes the summary.json of an earlier run, so that DrawnPictures finds what
// the next one says.
void ForgetSummary(const std::string& folder);

// Those of `files` that the last run of `gloce generate` into `folder` made or
// found right, as a set called `name`; may be empty. Lines of other runs are
// left out, also those of pictures that could not be drawn again. Throws Error
// if more rows were bad than summary.json lists.
PictureSet DrawnPictures(const std::string& name, const std::string& folder,
                         const RowOfFile& files);

}  // namespace gloce
