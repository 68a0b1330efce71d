#include "batch/prompt_csv.h"

#include <charconv>
#include <cmath>

#include "base/csv_reader.h"
#include "base/join.h"
#include "base/json.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

struct Header {
  std::vector<std::string> names;
  ColumnPlaces columns;
};

Header ReadHeader(const CsvRow& row, const std::string& path,
                  const ColumnChoice& choice) {
  const std::string place = PlaceOfRow(path, row.line);
  Header header;
  for (const std::string& field : row.fields) {
    try {
      CheckUtf8(field);
    } catch (const Error& error) {
      throw Error(place + ": " + error.what());
    }
    header.names.emplace_back(Trim(field));
  }
  header.columns = FindColumns(header.names, choice, place);
  if (!header.columns[PromptKey::kPrompt]) {
    throw Error(place + ": no column \"prompt\"; the columns are: " +
                Join(header.names) + " (name one by --columns prompt=COLUMN)");
  }
  return header;
}

// Reads the cells of one row; each getter returns nothing for an empty cell.
class Cells {
 public:
  Cells(const CsvRow& row, const Header& header) : row_(row), header_(header) {}

  // The cell, or nothing where there is no such column.
  const std::string* Cell(PromptKey key) const {
    const std::optional<size_t> column = header_.columns[key];
    return column ? &row_.fields[*column] : nullptr;
  }

  std::optional<std::string> Text(PromptKey key) const {
    const std::string* const cell = Cell(key);
    if (cell == nullptr || cell->empty()) return std::nullopt;
    return *cell;
  }

  std::optional<int64_t> Integer(PromptKey key, int64_t min,
                                 int64_t max) const {
    int64_t value = 0;
    if (!Parse(key, value, RangeText(min, max))) return std::nullopt;
    if (value < min || value > max) Mistyped(key, RangeText(min, max));
    return value;
  }

  std::optional<double> NonNegative(PromptKey key) const {
    const std::string expected = "a number of at least 0";
    double value = 0;
    if (!Parse(key, value, expected)) return std::nullopt;
    if (!std::isfinite(value) || value < 0) Mistyped(key, expected);
    return value;
  }

 private:
  template <typename Value>
  bool Parse(PromptKey key, Value& value, const std::string& expected) const {
    const std::string* const cell = Cell(key);
    const std::string_view text =
        cell == nullptr ? std::string_view() : Trim(*cell);
    if (text.empty()) return false;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      Mistyped(key, expected);
    }
    return true;
  }
  [[noreturn]] void Mistyped(PromptKey key, const std::string& expected) const {
    throw Error(ShownColumn(header_.names, *header_.columns[key]) + ": got " +
                QuoteForMessage(*Cell(key), 40) + ", expected " + expected);
  }

  const CsvRow& row_;
  const Header& header_;
};

void ReadRow(const CsvRow& row, const Header& header, PromptRow& prompt) {
  for (const std::string& field : row.fields) CheckUtf8(field);
  if (row.fields.size() != header.names.size()) {
    throw Error("got " + std::to_string(row.fields.size()) +
                " fields, expected " + std::to_string(header.names.size()) +
                " as in the header; quote prompts that contain commas");
  }
  const Cells cells(row, header);
  prompt.prompt = *cells.Cell(PromptKey::kPrompt);
  if (const std::string* number = cells.Cell(PromptKey::kCaseNumber)) {
    prompt.case_number = Trim(*number);
  }
  prompt.negative_prompt = cells.Text(PromptKey::kNegativePrompt);
  ReadNumbers(cells, prompt);
  if (const std::string* names = cells.Cell(PromptKey::kErase)) {
    prompt.erase = SplitNames(*names, "erase");
  }
  if (const auto names = cells.Text(PromptKey::kAsked))
    prompt.asked = SplitNames(*names, "asked");
}

}  // namespace

void AddCsvRows(std::string_view text, const std::string& path,
                const ColumnChoice& choice, TableBuilder& builder) {
  const std::vector<CsvRow> rows = ParseCsv(text, path);
  if (rows.empty()) return;
  const Header header = ReadHeader(rows.front(), path, choice);
  for (const size_t column : header.columns.unused) {
    builder.table().unused_columns.push_back(ShownColumn(header.names, column));
  }
  builder.table().rows.reserve(rows.size() - 1);
  for (size_t i = 1; i < rows.size(); ++i) {
    builder.Add(rows[i].line,
                [&](PromptRow& prompt) { ReadRow(rows[i], header, prompt); });
  }
}

}  // namespace gloce
