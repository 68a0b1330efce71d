#include "eval/picture_pairs.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace gloce {
namespace {

// What a picture is found by.
using Key = std::pair<std::string, std::string>;

bool HasPromptsAndSeeds(const PictureSet& set) {
  return std::all_of(set.pictures.begin(), set.pictures.end(),
                     [](const ListedPicture& picture) {
                       return picture.prompt && picture.seed;
                     });
}

Key KeyOf(const ListedPicture& picture, bool by_prompt) {
  if (!by_prompt) return {picture.file, ""};
  return {*picture.prompt, std::to_string(*picture.seed)};
}

}  // namespace

std::vector<std::optional<size_t>> PairPictures(const PictureSet& a,
                                                const PictureSet& b,
                                                bool by_file) {
  const bool by_prompt =
      !by_file && HasPromptsAndSeeds(a) && HasPromptsAndSeeds(b);
  std::map<Key, std::vector<size_t>> places;
  for (size_t i = 0; i < b.pictures.size(); ++i)
    places[KeyOf(b.pictures[i], by_prompt)].push_back(i);
  std::map<Key, size_t> taken;
  std::vector<std::optional<size_t>> partners;
  for (const ListedPicture& picture : a.pictures) {
    const Key key = KeyOf(picture, by_prompt);
    const auto found = places.find(key);
    std::optional<size_t> partner;
    if (found != places.end()) {
      size_t& next = taken[key];
      if (next < found->second.size()) partner = found->second[next++];
    }
    partners.push_back(partner);
  }
  return partners;
}

}  // namespace gloce
