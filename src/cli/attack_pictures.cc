#include "cli/attack_pictures.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string SummaryPath(const std::string& folder) {
  return folder + "/summary.json";
}

// What a run could not do: whole rows, and single pictures.
struct Missing {
  std::set<size_t> rows;
  std::set<std::string> files;
};

Missing MissingOf(const json& summary, const std::string& folder) {
  const json& bad_rows = summary.at("bad_rows");
  if (bad_rows.at("count") != bad_rows.at("listed").size()) {
    throw Error(folder + ": " + bad_rows.at("count").dump() +
                " rows are bad, more than summary.json lists, so that nobody "
                "knows which pictures are of this run; mend what it says and "
                "give the command again");
  }
  Missing missing;
  // Those that are not listed have lost their lines in the manifest.
  for (const json& failure : summary.at("failures").at("listed"))
    missing.files.insert(failure.at("file").get<std::string>());
  for (const json& row : bad_rows.at("listed"))
    missing.rows.insert(row.at("row").get<size_t>());
  return missing;
}

}  // namespace

RowOfFile FilesOfRows(const std::vector<PromptRow>& rows) {
  RowOfFile files;
  for (size_t row = 0; row < rows.size(); ++row) {
    for (int64_t i = 0; i < rows[row].num_images.value_or(1); ++i)
      files[rows[row].case_number + "_" + std::to_string(i) + ".png"] = row;
  }
  return files;
}

void ForgetSummary(const std::string& folder) {
  std::error_code error;
  fs::remove(SummaryPath(folder), error);
  if (error) {
    throw Error(SummaryPath(folder) +
                ": cannot be removed: " + error.message());
  }
}

PictureSet DrawnPictures(const std::string& name, const std::string& folder,
                         const RowOfFile& files) {
  PictureSet nothing;
  nothing.name = name;
  nothing.folder = folder;
  // A run without any picture to draw writes none.
  const std::string path = SummaryPath(folder);
  if (!fs::exists(path)) return nothing;
  const json summary = ParseJson(ReadFile(path), path);
  if (summary.at("made") == 0 && summary.at("skipped") == 0) return nothing;
  const Missing missing = MissingOf(summary, folder);
  PictureSet set = ListPictures(name, folder);
  std::vector<ListedPicture> drawn;
  for (ListedPicture& picture : set.pictures) {
    const auto found = files.find(picture.file);
    if (found == files.end() || missing.files.contains(picture.file) ||
        missing.rows.contains(found->second)) {
      continue;
    }
    drawn.push_back(std::move(picture));
  }
  set.pictures = std::move(drawn);
  return set;
}

}  // namespace gloce
