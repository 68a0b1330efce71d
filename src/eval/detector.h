// Which of its labels a network finds in pictures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eval/picture_network.h"

namespace gloce {

// What was found in one picture.
struct Detection {
  // In [0, 1], one a label: the logistic function of its score, or the softmax
  // over its group where only the largest counts.
  std::vector<float> confidence;
  std::vector<bool> found;  // one a label
};

class Detector {
 public:
  // Throws Error if `spec` is no detector.
  Detector(TorchModule module, const EvaluatorSpec& spec,
           const Placement& placement);

  // Throws Error if the network has another number of scores than labels.
  std::vector<Detection> Detect(const std::vector<RgbPicture>& pictures);

  // Scores (B, labels) as the network gives them.
  at::Tensor Scores(const std::vector<RgbPicture>& pictures);

  // All labels, in the order of the scores.
  const std::vector<std::string>& labels() const { return labels_; }

  // The place of a label, in any case of letters.
  std::optional<size_t> PlaceOf(std::string_view label) const;

 private:
  PictureNetwork network_;
  std::vector<LabelGroup> groups_;
  std::vector<std::string> labels_;
  std::vector<std::u32string> lower_labels_;
};

}  // namespace gloce
