// Where in a picture a detector sees a label.
#pragma once

#include <cstddef>
#include <optional>

#include "eval/detector.h"
#include "eval/picture_difference.h"

namespace gloce {

// Occlusion (M. Zeiler, R. Fergus, arXiv 1311.2901, section 4.2): a square of a
// quarter of the sides, in the picture's mean colour, is moved over it in steps
// of a sixteenth. A place counts by the mean loss of the label's score under
// the squares that cover it; the region are those of at least a fifth of the
// largest loss. It is generous: about an eighth of the sides wider than what it
// shows. Nothing if no square lowers the score.
std::optional<Region> DetectedRegion(Detector& detector,
                                     const RgbPicture& picture, size_t label);

}  // namespace gloce
