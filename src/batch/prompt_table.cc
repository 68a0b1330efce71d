#include "batch/prompt_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "base/file.h"
#include "base/join.h"
#include "batch/csv_reader.h"
#include "batch/utf8.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

constexpr size_t kAbsent = std::string::npos;

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

[[noreturn]] void Fail(const std::string& path, size_t line,
                       const std::string& what) {
  throw Error(path + ": line " + std::to_string(line) + ": " + what);
}

// A cell as a message shows it: in quotes, at most 40 bytes.
std::string Shown(std::string_view cell) {
  const std::string_view start = Utf8PrefixOfBytes(cell, 40);
  return '"' + std::string(start) +
         (start.size() < cell.size() ? "...\"" : "\"");
}

void CheckText(std::string_view bytes, const std::string& path) {
  const auto line_of = [&](size_t at) {
    return 1 + static_cast<size_t>(
                   std::count(bytes.begin(), bytes.begin() + at, '\n'));
  };
  if (const size_t nul = bytes.find('\0'); nul != bytes.npos) {
    Fail(path, line_of(nul), "contains a NUL byte; expected text in UTF-8");
  }
  if (const size_t bad = FindInvalidUtf8(bytes); bad != bytes.npos) {
    Fail(path, line_of(bad), "not valid UTF-8; save the file as UTF-8");
  }
}

// --- CSV -------------------------------------------------------------------

// Where each known column stands in a row; kAbsent if it does not.
struct Columns {
  size_t case_number = kAbsent;
  size_t prompt = kAbsent;
  size_t negative_prompt = kAbsent;
  size_t seed = kAbsent;
  size_t guidance = kAbsent;
  size_t width = kAbsent;
  size_t height = kAbsent;
  size_t num_images = kAbsent;
};

struct ColumnName {
  std::string_view name;
  size_t Columns::*column;
};

constexpr std::array<ColumnName, 10> kColumnNames{{
    {"case_number", &Columns::case_number},
    {"prompt", &Columns::prompt},
    {"negative_prompt", &Columns::negative_prompt},
    {"evaluation_seed", &Columns::seed},
    {"evaluation_guidance", &Columns::guidance},
    {"width", &Columns::width},
    {"sd_image_width", &Columns::width},
    {"height", &Columns::height},
    {"sd_image_height", &Columns::height},
    {"num_images", &Columns::num_images},
}};

Columns ReadHeader(const CsvRow& header, const std::string& path) {
  Columns columns;
  for (size_t i = 0; i < header.fields.size(); ++i) {
    const std::string_view name = Trim(header.fields[i]);
    for (const ColumnName& known : kColumnNames) {
      if (known.name != name) continue;
      size_t& column = columns.*known.column;
      if (column != kAbsent) {
        Fail(path, header.line,
             "columns " + std::to_string(column + 1) + " (" +
                 header.fields[column] + ") and " + std::to_string(i + 1) +
                 " (" + header.fields[i] + ") mean the same; remove one");
      }
      column = i;
    }
  }
  if (columns.prompt == kAbsent) {
    Fail(path, header.line,
         "no column \"prompt\"; the columns are: " + Join(header.fields));
  }
  return columns;
}

// Reads the cells of one row; each getter returns nothing for an empty cell.
class Cells {
 public:
  Cells(const CsvRow& row, const CsvRow& header, const std::string& path)
      : row_(row), header_(header), path_(path) {}

  std::optional<std::string> Text(size_t column) const {
    if (column == kAbsent || row_.fields[column].empty()) return std::nullopt;
    return row_.fields[column];
  }

  std::optional<int64_t> Integer(size_t column, int64_t min,
                                 int64_t max) const {
    const std::string_view cell = Number(column);
    if (cell.empty()) return std::nullopt;
    int64_t value = 0;
    const auto [end, error] =
        std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc() || end != cell.data() + cell.size() ||
        value < min || value > max) {
      Mistyped(column, "an integer from " + std::to_string(min) + " to " +
                           std::to_string(max));
    }
    return value;
  }

  std::optional<double> NonNegative(size_t column) const {
    const std::string_view cell = Number(column);
    if (cell.empty()) return std::nullopt;
    double value = 0;
    const auto [end, error] =
        std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc() || end != cell.data() + cell.size() ||
        !std::isfinite(value) || value < 0) {
      Mistyped(column, "a number of at least 0");
    }
    return value;
  }

 private:
  std::string_view Number(size_t column) const {
    return column == kAbsent ? std::string_view() : Trim(row_.fields[column]);
  }
  [[noreturn]] void Mistyped(size_t column, const std::string& expected) const {
    Fail(path_, row_.line,
         header_.fields[column] + ": got " + Shown(row_.fields[column]) +
             ", expected " + expected);
  }

  const CsvRow& row_;
  const CsvRow& header_;
  const std::string& path_;
};

PromptRow ReadRow(const CsvRow& row, const CsvRow& header,
                  const Columns& columns, size_t index,
                  const std::string& path) {
  if (row.fields.size() != header.fields.size()) {
    Fail(path, row.line,
         "got " + std::to_string(row.fields.size()) + " fields, expected " +
             std::to_string(header.fields.size()) +
             " as in the header; quote prompts that contain commas");
  }
  const Cells cells(row, header, path);
  PromptRow prompt;
  prompt.line = row.line;
  prompt.prompt = row.fields[columns.prompt];
  prompt.case_number = columns.case_number == kAbsent
                           ? std::to_string(index)
                           : Trim(row.fields[columns.case_number]);
  if (prompt.case_number.empty()) Fail(path, row.line, "case_number is empty");
  prompt.negative_prompt = cells.Text(columns.negative_prompt);
  prompt.seed =
      cells.Integer(columns.seed, 0, std::numeric_limits<int64_t>::max());
  prompt.guidance = cells.NonNegative(columns.guidance);
  prompt.width = cells.Integer(columns.width, 1, kMaxImageSide);
  prompt.height = cells.Integer(columns.height, 1, kMaxImageSide);
  prompt.num_images = cells.Integer(columns.num_images, 1, kMaxImagesPerRow);
  return prompt;
}

std::vector<PromptRow> ParseTable(std::string_view text,
                                  const std::string& path) {
  const std::vector<CsvRow> rows = ParseCsv(text, path);
  std::vector<PromptRow> prompts;
  if (rows.empty()) return prompts;
  const CsvRow& header = rows.front();
  const Columns columns = ReadHeader(header, path);
  prompts.reserve(rows.size() - 1);
  std::unordered_map<std::string, size_t> line_of_case;
  for (size_t i = 1; i < rows.size(); ++i) {
    PromptRow row = ReadRow(rows[i], header, columns, i - 1, path);
    const auto [other, is_new] =
        line_of_case.emplace(row.case_number, row.line);
    if (!is_new) {
      Fail(path, row.line,
           "case_number " + Shown(row.case_number) + " stands at line " +
               std::to_string(other->second) + " already");
    }
    prompts.push_back(std::move(row));
  }
  return prompts;
}

// --- text ------------------------------------------------------------------

std::vector<PromptRow> ParseLines(std::string_view text) {
  std::vector<PromptRow> prompts;
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (const auto prompt = Trim(text.substr(0, end)); !prompt.empty()) {
      PromptRow row;
      row.case_number = std::to_string(prompts.size());
      row.prompt = prompt;
      row.line = line;
      prompts.push_back(std::move(row));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return prompts;
}

bool IsCsv(std::string_view text, const std::string& path) {
  if (path.ends_with(".txt")) return false;
  if (path.ends_with(".csv")) return true;
  std::string_view header = text.substr(0, text.find('\n'));
  while (!header.empty()) {
    const size_t end = std::min(header.find(','), header.size());
    const std::string_view name = Trim(header.substr(0, end));
    if (name == "prompt" || name == "\"prompt\"") return true;
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return false;
}

}  // namespace

std::vector<PromptRow> ParsePromptTable(std::string_view bytes,
                                        const std::string& path) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  CheckText(bytes, path);
  std::vector<PromptRow> prompts =
      IsCsv(bytes, path) ? ParseTable(bytes, path) : ParseLines(bytes);
  if (prompts.empty()) throw Error(path + ": holds no prompt");
  return prompts;
}

std::vector<PromptRow> ReadPromptTable(const std::string& path) {
  return ParsePromptTable(ReadFile(path), path);
}

}  // namespace gloce
