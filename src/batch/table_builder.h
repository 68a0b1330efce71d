// Gathers the rows of a prompt table, good and bad, whatever its format.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/table_cells.h"
#include "batch/prompt_table.h"

namespace gloce {

class TableBuilder {
 public:
  // `path` begins every message and must outlive this.
  explicit TableBuilder(const std::string& path) : path_(path) {}

  // Adds the row that begins at `line`. `read` fills it in; its case_number is
  // the row's index before. An Error of `read` (its text without the place)
  // makes the row a bad one, as does a case number that is empty or taken.
  void Add(size_t line, const std::function<void(PromptRow&)>& read);

  size_t size() const { return table_.rows.size() + table_.bad_rows.size(); }
  PromptTable& table() { return table_; }

 private:
  const std::string& path_;
  PromptTable table_;
  std::unordered_map<std::string, size_t> line_of_case_;
};

// Fills in the numbers of a row. `values` reads them, whatever the format:
//   std::optional<int64_t> Integer(PromptKey, int64_t min, int64_t max)
//   std::optional<double> NonNegative(PromptKey)
// which throw Error for what is no such number.
template <typename Values>
void ReadNumbers(const Values& values, PromptRow& row) {
  row.seed =
      values.Integer(PromptKey::kSeed, 0, std::numeric_limits<int64_t>::max());
  row.guidance = values.NonNegative(PromptKey::kGuidance);
  row.width = values.Integer(PromptKey::kWidth, 1, kMaxImageSide);
  row.height = values.Integer(PromptKey::kHeight, 1, kMaxImageSide);
  row.num_images = values.Integer(PromptKey::kNumImages, 1, kMaxImagesPerRow);
}

// Throws Error if `text` has a NUL byte or is no valid UTF-8.
void CheckUtf8(std::string_view text);

// What a range is called in messages: "an integer from 1 to 16384".
std::string RangeText(int64_t min, int64_t max);

}  // namespace gloce
