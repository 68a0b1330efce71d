// What each picture of the judged folder was to show.
#pragma once

#include <string>
#include <vector>

#include "eval/detector.h"
#include "eval/picture_facts.h"
#include "eval/picture_set.h"

namespace gloce {

struct AskedPictures {
  std::vector<AskedPicture> rows;          // one a picture of the folder
  std::vector<std::string> erased;         // all concepts that were erased
  std::vector<std::string> without_label;  // of them, those no label stands for
};

// Labels that a picture's prompt names (asked_labels.h), apart by whether the
// picture's own record erases them. `erased` stands for what the records say if
// it is not empty. What a record says in `asked` stands for the prompt's
// labels; pictures without either ask for nothing.
AskedPictures FindAsked(const PictureSet& judged, const Detector& detector,
                        const std::vector<std::string>& erased);

}  // namespace gloce
