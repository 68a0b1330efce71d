// The prompts of a job: the field's CSV, JSON lines or one prompt a line.
// Everything is checked here, before any network is loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batch/prompt_columns.h"

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
  // Names of the concepts to erase; nothing for all, none if it is empty.
  std::optional<std::vector<std::string>> erase;
  // What its pictures are to show, for who judges them; drawing leaves it
  // alone.
  std::optional<std::vector<std::string>> asked;
  size_t index = 0;  // among all rows of the table, bad ones too, from 0
  size_t line = 0;   // where the row begins in its file, from 1, for messages
};

// A row that cannot be drawn.
struct BadRow {
  size_t index = 0;  // as PromptRow's
  size_t line = 0;
  std::string message;  // "prompts.csv: line 3: width: got …"
};

struct PromptTable {
  std::vector<PromptRow> rows;
  std::vector<BadRow> bad_rows;
  std::vector<std::string> unused_columns;  // as messages show them
};

// Limits of a row's numbers; anything above is a slip of the keyboard.
inline constexpr int64_t kMaxImageSide = 16384;
inline constexpr int64_t kMaxImagesPerRow = 100000;

// Reads the file at `path`, in UTF-8 with or without a byte-order mark.
//
// A `.txt` file is text, a `.csv` file CSV, a `.jsonl` file JSON lines; any
// other file is JSON lines if it begins with a brace, CSV if its first line has
// a column named `prompt` or `choice` is not empty, and text otherwise.
//   text   One prompt a line; blank lines are skipped, spaces around a prompt
//          dropped. case_number counts the prompts from 0.
//   CSV    A header line, then rows, by RFC 4180. FindColumns tells which
//          columns count; `prompt` is required, rows are counted from 0 where
//          there is no `case_number`. An empty cell is an absent value.
//   JSON   One object a line, with the same keys by the same names; blank lines
//   lines  are skipped. null is an absent value.
//
// A row is bad if it is no valid UTF-8, has a NUL, a value of another type or
// out of range, or an empty or repeated case_number; in CSV, if its length is
// not the header's; in JSON lines, if it is no object, has no prompt, an
// unknown key or two names of one key. Throws Error naming the file and the
// line: unreadable file, no row in it, broken quoting (nobody knows where the
// next row begins), a header that is no valid UTF-8, no `prompt` column; and
// UsageError if `choice` does not fit the file.
PromptTable ReadPromptTable(const std::string& path,
                            const ColumnChoice& choice = {});

// The same for `bytes` that were read from `path`.
PromptTable ParsePromptTable(std::string_view bytes, const std::string& path,
                             const ColumnChoice& choice = {});

// "prompts.csv: line 3", or "prompts.csv" for a row without a line.
std::string PlaceOfRow(const std::string& origin, size_t line);

}  // namespace gloce
