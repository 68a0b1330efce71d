#include "eval/picture_table.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/csv_reader.h"
#include "base/file.h"
#include "base/join.h"
#include "base/json.h"
#include "base/table_cells.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;

// Reads the cells of one table by their columns' names.
class Columns {
 public:
  explicit Columns(const CsvRow& header) : names_(header.fields) {
    // A byte-order mark belongs to no name.
    if (!names_.empty() && names_[0].starts_with("\xEF\xBB\xBF"))
      names_[0].erase(0, 3);
  }

  // The cell of the first of `columns` that the table has; nothing if it has
  // none, or the cell is empty.
  std::optional<std::string> Cell(
      const CsvRow& row, std::initializer_list<const char*> columns) const {
    for (const char* column : columns) {
      for (size_t i = 0; i < names_.size(); ++i) {
        if (names_[i] != column) continue;
        if (row.fields[i].empty()) return std::nullopt;
        return row.fields[i];
      }
    }
    return std::nullopt;
  }

  bool Has(std::string_view column) const {
    for (const std::string& name : names_) {
      if (name == column) return true;
    }
    return false;
  }

  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

int64_t ParseSeed(const std::string& text) {
  int64_t seed = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, seed);
  if (error != std::errc() || last != end || seed < 0) {
    throw Error("seed: got " + QuoteForMessage(text) +
                ", expected a whole number of at least 0");
  }
  return seed;
}

// Files of a row that has no column `file`, by the layout of ESD.
std::vector<std::string> FilesOfCase(const std::string& case_number,
                                     const std::string& folder) {
  const auto find = [&](const std::string& stem) -> std::optional<std::string> {
    for (const char* extension : {".png", ".jpg", ".jpeg"}) {
      if (fs::exists(fs::path(folder) / (stem + extension)))
        return stem + extension;
    }
    return std::nullopt;
  };
  std::vector<std::string> files;
  while (const auto file =
             find(case_number + "_" + std::to_string(files.size()))) {
    files.push_back(*file);
  }
  if (files.empty()) {
    if (const auto file = find(case_number)) files.push_back(*file);
  }
  if (files.empty()) {
    throw Error("there is no " + case_number + "_0.png in " + folder);
  }
  return files;
}

std::vector<ListedPicture> PicturesOfRow(const CsvRow& row,
                                         const Columns& columns,
                                         const std::string& folder) {
  if (row.fields.size() != columns.names().size()) {
    throw Error("got " + std::to_string(row.fields.size()) +
                " fields, expected " + std::to_string(columns.names().size()) +
                " as in the header");
  }
  ListedPicture picture;
  picture.prompt = columns.Cell(row, {"prompt"});
  const auto seed = columns.Cell(row, {"evaluation_seed", "sd_seed", "seed"});
  if (const auto names = columns.Cell(row, {"erase"}))
    picture.erased = SplitNames(*names, "erase");
  if (const auto names = columns.Cell(row, {"asked"}))
    picture.asked = SplitNames(*names, "asked");
  const bool is_named = columns.Has("file");
  const auto name = columns.Cell(row, {is_named ? "file" : "case_number"});
  if (!name) throw Error(is_named ? "file: is empty" : "case_number: is empty");
  CheckPathWithin(*name, is_named ? "file" : "case_number");
  std::vector<std::string> files = {*name};
  if (!is_named) files = FilesOfCase(*name, folder);
  std::vector<ListedPicture> pictures;
  for (size_t i = 0; i < files.size(); ++i) {
    picture.file = files[i];
    if (seed) picture.seed = ParseSeed(*seed) + static_cast<int64_t>(i);
    pictures.push_back(picture);
  }
  return pictures;
}

}  // namespace

std::vector<ListedPicture> ReadPictureTable(const std::string& path,
                                            const std::string& folder) {
  const std::vector<CsvRow> rows = ParseCsv(ReadFile(path), path);
  if (rows.empty()) throw Error(path + ": is empty");
  const Columns columns(rows[0]);
  if (!columns.Has("file") && !columns.Has("case_number")) {
    throw Error(path + ": line " + std::to_string(rows[0].line) +
                ": no column \"file\" or \"case_number\"; the columns are: " +
                Join(columns.names()));
  }
  std::vector<ListedPicture> pictures;
  std::set<std::string> files;
  for (size_t i = 1; i < rows.size(); ++i) {
    try {
      for (ListedPicture& picture : PicturesOfRow(rows[i], columns, folder)) {
        if (!files.insert(picture.file).second)
          throw Error(QuoteForMessage(picture.file) + " is listed twice");
        pictures.push_back(std::move(picture));
      }
    } catch (const Error& error) {
      throw Error(path + ": line " + std::to_string(rows[i].line) + ": " +
                  error.what());
    }
  }
  return pictures;
}

}  // namespace gloce
