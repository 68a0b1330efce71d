#include "eval/asked_pictures.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "eval/asked_labels.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using Places = std::shared_ptr<const std::vector<size_t>>;

Places PlacesOf(const std::vector<std::string>& names,
                const Detector& detector) {
  std::set<size_t> places;
  for (const std::string& name : names) {
    if (const auto place = detector.PlaceOf(name)) places.insert(*place);
  }
  return std::make_shared<const std::vector<size_t>>(places.begin(),
                                                     places.end());
}

AskedPicture Divide(const std::vector<size_t>& asked, const Places& erased) {
  AskedPicture picture;
  for (const size_t label : asked) {
    const bool is_erased =
        std::binary_search(erased->begin(), erased->end(), label);
    (is_erased ? picture.erased : picture.kept).push_back(label);
  }
  if (!erased->empty()) picture.all_erased = erased;
  return picture;
}

// Places, ascending.
std::vector<size_t> LabelsAskedFor(const ListedPicture& picture,
                                   const AskedLabels& labels,
                                   const Detector& detector) {
  if (!picture.asked) {
    return picture.prompt ? labels.In(*picture.prompt) : std::vector<size_t>();
  }
  return *PlacesOf(*picture.asked, detector);
}

}  // namespace

AskedPictures FindAsked(const PictureSet& judged, const Detector& detector,
                        const std::vector<std::string>& erased) {
  AskedPictures asked;
  asked.erased = erased.empty() ? judged.ErasedConcepts() : erased;
  for (const std::string& name : asked.erased) {
    if (!detector.PlaceOf(name)) asked.without_label.push_back(name);
  }
  const AskedLabels labels(detector.labels());
  std::map<std::vector<std::string>, Places> places_of;
  for (const ListedPicture& picture : judged.pictures) {
    const auto& names = erased.empty() ? picture.erased : erased;
    Places& places = places_of[names];
    if (!places) places = PlacesOf(names, detector);
    try {
      asked.rows.push_back(
          Divide(LabelsAskedFor(picture, labels, detector), places));
    } catch (const Error& error) {
      throw Error(judged.folder + "/" + picture.file +
                  ": prompt: " + error.what());
    }
  }
  return asked;
}

}  // namespace gloce
