// The prompts of a job: the field's CSV or one prompt a line. Everything is
// checked here, before any network is loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gloce {

// One row. What is absent is left to the options of the command line.
struct PromptRow {
  std::string case_number;  // unique in the table
  std::string prompt;
  std::optional<std::string> negative_prompt;
  std::optional<int64_t> seed;  // in [0, 2^63 - 1]
  std::optional<double> guidance;
  std::optional<int64_t> width;
  std::optional<int64_t> height;
  std::optional<int64_t> num_images;
  size_t line = 0;  // where the row begins in its file, from 1, for messages
};

// Limits of a row's numbers; anything above is a slip of the keyboard.
inline constexpr int64_t kMaxImageSide = 16384;
inline constexpr int64_t kMaxImagesPerRow = 100000;

// Reads the file at `path`, in UTF-8 with or without a byte-order mark.
//
// A `.txt` file is text; a `.csv` file is CSV; any other file is CSV if its
// first line has a column named `prompt`, and text otherwise.
//   text  One prompt a line; blank lines are skipped, spaces around a prompt
//         dropped. case_number counts the prompts from 0.
//   CSV   A header line, then rows, by RFC 4180. Columns: `prompt` (required),
//         `case_number` (rows are counted from 0 without it),
//         `evaluation_seed`, `evaluation_guidance`, `width` or
//         `sd_image_width`, `height` or `sd_image_height`, `negative_prompt`,
//         `num_images`. Others are ignored. An empty cell is an absent value.
//
// Throws Error naming the file and the line: unreadable file, no prompt in it,
// invalid UTF-8, NUL byte, broken quoting, a row of another length than the
// header, no `prompt` column, a known column twice, a number that is none or
// is out of range, an empty or repeated case_number.
std::vector<PromptRow> ReadPromptTable(const std::string& path);

// The same for `bytes` that were read from `path`.
std::vector<PromptRow> ParsePromptTable(std::string_view bytes,
                                        const std::string& path);

}  // namespace gloce
