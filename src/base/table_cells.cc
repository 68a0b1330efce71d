#include "base/table_cells.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/json.h"
#include "gloce/base/error.h"

namespace gloce {

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::vector<std::string> SplitNames(std::string_view text,
                                    std::string_view key) {
  std::vector<std::string> names;
  if (Trim(text).empty()) return names;
  while (true) {
    const size_t end = std::min(text.find(';'), text.size());
    names.emplace_back(Trim(text.substr(0, end)));
    if (names.back().empty())
      throw Error(std::string(key) + ": one of the names is empty");
    if (end == text.size()) return names;
    text.remove_prefix(end + 1);
  }
}

void CheckPathWithin(std::string_view file, std::string_view key) {
  const std::filesystem::path path(file);
  bool inside = !path.is_absolute() && path.has_filename();
  for (const auto& part : path) inside = inside && part != "..";
  if (!inside) {
    throw Error(std::string(key) + ": got " + QuoteForMessage(file) +
                ", expected the path of a file within the folder");
  }
}

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c;
    if (c == '"') quoted += c;
  }
  return quoted + '"';
}

std::string CsvField(double value) {
  return std::isfinite(value) ? nlohmann::json(value).dump() : "";
}

}  // namespace gloce
