// CSV by the letter of RFC 4180, with a line number for every message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gloce {

struct CsvRow {
  std::vector<std::string> fields;
  size_t line = 0;  // where the row begins, from 1
};

// The rows of `text`; blank lines are skipped. Fields are separated by commas
// and may be quoted ("" stands for one quote), spaces belong to the field,
// lines end in LF or CRLF, and a quoted field may contain either. `origin` (a
// path) begins every message. Throws Error naming the line if a quote stands
// inside an unquoted field, anything but a comma follows a closing quote, or a
// quoted field is never closed.
std::vector<CsvRow> ParseCsv(std::string_view text, const std::string& origin);

}  // namespace gloce
