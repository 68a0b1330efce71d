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

// Places, ascending.
std::vector<size_t> LabelsAskedFor(const ListedPicture& picture,
                                   const AskedLabels& labels,
                                   const Detector& detector) {
  if (!picture.asked) {
    return picture.prompt ? labels.In(*picture.prompt) : std::vector<size_t>();
  }
  std::set<size_t> places;
  for (const std::string& name : *picture.asked) {
    if (const auto place = detector.PlaceOf(name)) places.insert(*place);
  }
  return {places.begin(), places.end()};
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
