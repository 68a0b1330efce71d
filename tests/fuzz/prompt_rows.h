// What holds for every prompt table.
#pragma once

#include <cstdlib>
#include <set>
#include <string>

#include "batch/prompt_table.h"

namespace gloce {

// Aborts unless every row of the table is a prompt or has a message that names
// its line, and none is both. Throws Error if the whole file is refused.
inline void CheckPromptRows(const std::string& bytes, const std::string& path) {
  const PromptTable table = ParsePromptTable(bytes, path);
  std::set<size_t> indices;
  std::set<std::string> case_numbers;
  for (const PromptRow& row : table.rows) {
    if (!indices.insert(row.index).second) std::abort();
    if (!case_numbers.insert(row.case_number).second) std::abort();
  }
  for (const BadRow& row : table.bad_rows) {
    if (!indices.insert(row.index).second) std::abort();
    if (!row.message.starts_with(PlaceOfRow(path, row.line) + ": ") ||
        row.message.find('\n') != std::string::npos) {
      std::abort();
    }
  }
  if (*indices.rbegin() + 1 != indices.size()) std::abort();
}

}  // namespace gloce
