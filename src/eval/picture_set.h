// The pictures of a folder, and what is known of each.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gloce {

struct ListedPicture {
  std::string file;  // path within the folder
  // Nothing if nobody says what was asked for.
  std::optional<std::string> prompt;
  std::optional<int64_t> seed;
  // Labels that it was to show, where the prompt does not tell by its words.
  std::optional<std::vector<std::string>> asked;
  std::vector<std::string> erased;  // concepts, in the gates' order
  // Shares in [0, 1], as in the manifest.
  std::map<std::string, double> gate_activity;
};

struct PictureSet {
  std::string name;  // for people
  std::string folder;
  std::string model;    // the bundle's name; empty if unknown
  std::string erasers;  // hash; empty if none, "several" if they differ
  double strength = 1;
  std::vector<ListedPicture> pictures;

  // Concepts erased from any picture, in the order of their first picture.
  std::vector<std::string> ErasedConcepts() const;
};

// Lists the pictures of `folder`: those of `table`, if that is not empty; else
// those of manifest.jsonl, if the folder has one (of several lines for one
// picture the last counts, a last line without its end does not); else all .png
// and .jpg files in it and below, by name, of which nothing is known.
//
// A table is a CSV with the column `file`, a path within the folder, or
// `case_number`, whose pictures are then <case_number>_<i>.png (or .jpg), i
// from 0 (or <case_number>.png alone); and any of `prompt`, `erase` and `asked`
// (names separated by ;), and `evaluation_seed`, `sd_seed` or `seed` (picture i
// has the seed + i). Other columns are left alone.
//
// Throws Error if the folder or the table cannot be read, a line is wrong, a
// path leads out of the folder, a file is listed twice, or nothing is listed.
PictureSet ListPictures(const std::string& name, const std::string& folder,
                        const std::string& table = "");

}  // namespace gloce
