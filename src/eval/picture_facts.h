// What an evaluation knows of each picture.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/picture_difference.h"

namespace gloce {

// What one picture of the judged folder was to show, and so all its partners.
// Labels are places among the detector's.
struct AskedPicture {
  std::vector<size_t> erased;  // asked for, and erased
  std::vector<size_t> kept;    // asked for, and not erased
  // All that was erased from it, asked for or not; ascending, shared by all
  // pictures of the same erasers. Nothing if nothing was.
  std::shared_ptr<const std::vector<size_t>> all_erased = {};
};

// A label that a detector found, or that was asked for.
struct SeenLabel {
  size_t label = 0;
  float confidence = 0;  // in [0, 1]
  bool is_found = false;
};

// What one picture of any folder shows. Small, since all are kept.
struct PictureFacts {
  std::string fault;              // why it could not be read; empty if it could
  std::vector<SeenLabel> labels;  // ascending
  // From the picture of the same prompt and seed before the erasure.
  std::optional<PictureDifference> difference;
  std::optional<double> clip_score;

  bool IsFound(size_t label) const;
};

}  // namespace gloce
