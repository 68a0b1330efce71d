#include "batch/table_builder.h"

#include "base/json.h"
#include "batch/utf8.h"
#include "gloce/base/error.h"

namespace gloce {

void TableBuilder::Add(size_t line,
                       const std::function<void(PromptRow&)>& read) {
  PromptRow row;
  row.index = size();
  row.line = line;
  row.case_number = std::to_string(row.index);
  try {
    read(row);
    if (row.case_number.empty()) throw Error("case_number is empty");
    const auto [other, is_new] = line_of_case_.emplace(row.case_number, line);
    if (!is_new) {
      throw Error("case_number " + QuoteForMessage(row.case_number, 40) +
                  " stands at line " + std::to_string(other->second) +
                  " already");
    }
    table_.rows.push_back(std::move(row));
  } catch (const Error& error) {
    table_.bad_rows.push_back(
        {size(), line, PlaceOfRow(path_, line) + ": " + error.what()});
  }
}

void CheckUtf8(std::string_view text) {
  if (text.find('\0') != text.npos) {
    throw Error("contains a NUL byte; expected text in UTF-8");
  }
  if (FindInvalidUtf8(text) != text.npos) {
    throw Error("not valid UTF-8; save the file as UTF-8");
  }
}

std::string RangeText(int64_t min, int64_t max) {
  return "an integer from " + std::to_string(min) + " to " +
         std::to_string(max);
}

}  // namespace gloce
