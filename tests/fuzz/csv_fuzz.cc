// Rows that are read are written, every field quoted, and read again as the
// same fields; and every row of a prompt table is a prompt or has a message
// with its line.
#include <cstdlib>

#include "base/csv_reader.h"
#include "fuzz_target.h"
#include "prompt_rows.h"

namespace {

std::string Quoted(const std::string& field) {
  std::string text = "\"";
  for (const char c : field) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + "\"";
}

void RoundTrip(const std::string& text) {
  const std::vector<gloce::CsvRow> rows = gloce::ParseCsv(text, "fuzz");
  std::string written;
  for (const gloce::CsvRow& row : rows) {
    std::string line;
    for (const std::string& field : row.fields) {
      line += (line.empty() ? "" : ",") + Quoted(field);
    }
    written += line + "\n";
  }
  try {
    const auto again = gloce::ParseCsv(written, "written");
    if (again.size() != rows.size()) std::abort();
    for (size_t i = 0; i < rows.size(); ++i) {
      if (again[i].fields != rows[i].fields) std::abort();
    }
  } catch (const gloce::Error&) {
    std::abort();
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = gloce::AsString(data, size);
  gloce::IgnoreErrors([&] { RoundTrip(text); });
  gloce::IgnoreErrors([&] { gloce::CheckPromptRows(text, "fuzz.csv"); });
  return 0;
}
