#include "eval/asked_pictures.h"

#include <algorithm>
#include <set>

#include "eval/asked_labels.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

AskedPicture Divide(const std::vector<size_t>& asked,
                    const std::set<size_t>& erased) {
  AskedPicture picture;
  for (const size_t label : asked)
    (erased.contains(label) ? picture.erased : picture.kept).push_back(label);
  return picture;
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
  for (const ListedPicture& picture : judged.pictures) {
    std::set<size_t> places;
    for (const std::string& name : erased.empty() ? picture.erased : erased) {
      if (const auto place = detector.PlaceOf(name)) places.insert(*place);
    }
    try {
      asked.rows.push_back(picture.prompt
                               ? Divide(labels.In(*picture.prompt), places)
                               : AskedPicture{});
    } catch (const Error& error) {
      throw Error(judged.folder + "/" + picture.file +
                  ": prompt: " + error.what());
    }
  }
  return asked;
}

}  // namespace gloce
