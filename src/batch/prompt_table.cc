#include "batch/prompt_table.h"

#include <algorithm>

#include "base/file.h"
#include "batch/prompt_csv.h"
#include "batch/prompt_json_lines.h"
#include "batch/table_builder.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

void AddLines(std::string_view text, TableBuilder& builder) {
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view prompt = Trim(text.substr(0, end));
    if (!prompt.empty()) {
      builder.Add(line, [&](PromptRow& row) {
        CheckUtf8(prompt);
        row.prompt = prompt;
      });
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

enum class Format { kText, kCsv, kJsonLines };

bool HasPromptColumn(std::string_view header) {
  while (!header.empty()) {
    const size_t end = std::min(header.find(','), header.size());
    const std::string_view name = Trim(header.substr(0, end));
    if (name == "prompt" || name == "\"prompt\"") return true;
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return false;
}

Format FormatOf(std::string_view text, const std::string& path,
                const ColumnChoice& choice) {
  if (path.ends_with(".txt")) return Format::kText;
  if (path.ends_with(".jsonl")) return Format::kJsonLines;
  if (path.ends_with(".csv")) return Format::kCsv;
  if (text.starts_with('{')) return Format::kJsonLines;
  if (!choice.empty()) return Format::kCsv;
  return HasPromptColumn(text.substr(0, text.find('\n'))) ? Format::kCsv
                                                          : Format::kText;
}

}  // namespace

PromptTable ParsePromptTable(std::string_view bytes, const std::string& path,
                             const ColumnChoice& choice) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  TableBuilder builder(path);
  switch (FormatOf(bytes, path, choice)) {
    case Format::kText:
      if (!choice.empty()) {
        throw UsageError(path + ": --columns: a text file has no columns");
      }
      AddLines(bytes, builder);
      break;
    case Format::kCsv:
      AddCsvRows(bytes, path, choice, builder);
      break;
    case Format::kJsonLines:
      AddJsonLines(bytes, path, choice, builder);
      break;
  }
  if (builder.size() == 0) throw Error(path + ": holds no prompt");
  return std::move(builder.table());
}

PromptTable ReadPromptTable(const std::string& path,
                            const ColumnChoice& choice) {
  return ParsePromptTable(ReadFile(path), path, choice);
}

std::string PlaceOfRow(const std::string& origin, size_t line) {
  return line == 0 ? origin : origin + ": line " + std::to_string(line);
}

}  // namespace gloce
