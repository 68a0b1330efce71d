#include "eval/picture_set.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/join.h"
#include "base/run_manifest.h"
#include "eval/picture_table.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;

bool IsPictureName(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

ListedPicture PictureOf(const RunRecord& record) {
  ListedPicture picture;
  picture.file = record.file;
  picture.prompt = record.prompt;
  picture.seed = record.seed;
  picture.erased = record.concepts;
  picture.gate_activity = record.gate_activity;
  return picture;
}

// Facts that all pictures of a run share; a folder may hold several runs.
void NoteRun(const RunRecord& record, bool is_first, PictureSet& set) {
  if (is_first) {
    set.model = record.model;
    set.erasers = record.erasers;
    set.strength = record.strength;
  } else if (set.erasers != record.erasers) {
    set.erasers = "several";
  }
}

void ListManifest(const std::string& path, PictureSet& set) {
  std::map<std::string, size_t> place_of;
  ReadRunManifest(path, [&](const RunRecord& record, size_t, size_t) {
    NoteRun(record, set.pictures.empty(), set);
    const auto [known, is_new] =
        place_of.emplace(record.file, set.pictures.size());
    if (is_new)
      set.pictures.push_back(PictureOf(record));
    else
      set.pictures[known->second] = PictureOf(record);
  });
}

void ListFolder(PictureSet& set) {
  const fs::path root(set.folder);
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file() || !IsPictureName(entry.path())) continue;
    ListedPicture picture;
    picture.file = entry.path().lexically_relative(root).generic_string();
    set.pictures.push_back(std::move(picture));
  }
  std::sort(set.pictures.begin(), set.pictures.end(),
            [](const ListedPicture& a, const ListedPicture& b) {
              return a.file < b.file;
            });
}

}  // namespace

std::vector<std::string> PictureSet::ErasedConcepts() const {
  std::vector<std::string> concepts;
  std::set<std::string> seen;
  for (const ListedPicture& picture : pictures) {
    for (const std::string& concept_name : picture.erased) {
      if (seen.insert(concept_name).second) concepts.push_back(concept_name);
    }
  }
  return concepts;
}

PictureSet ListPictures(const std::string& name, const std::string& folder,
                        const std::string& table) {
  PictureSet set;
  set.name = name;
  set.folder = folder;
  if (!fs::is_directory(folder)) throw Error(folder + ": no such folder");
  const std::string manifest = folder + "/manifest.jsonl";
  try {
    if (!table.empty())
      set.pictures = ReadPictureTable(table, folder);
    else if (fs::exists(manifest))
      ListManifest(manifest, set);
    else
      ListFolder(set);
  } catch (const fs::filesystem_error& error) {
    throw Error(folder + ": cannot be listed: " + error.code().message());
  }
  if (set.pictures.empty()) {
    throw Error((table.empty() ? folder : table) +
                ": lists no pictures; expected a manifest.jsonl, PNG or JPEG "
                "files, or a table (--table)");
  }
  return set;
}

}  // namespace gloce
