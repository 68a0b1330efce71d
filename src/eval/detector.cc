#include "eval/detector.h"

#include <ATen/ATen.h>

#include <utility>

#include "gloce/base/error.h"
#include "text/unicode.h"

namespace gloce {
namespace {

std::u32string Lower(std::string_view text) {
  return ToLower(DecodeUtf8(text));
}

}  // namespace

Detector::Detector(TorchModule module, const EvaluatorSpec& spec,
                   const Placement& placement)
    : network_(std::move(module), spec.input, placement), groups_(spec.groups) {
  if (spec.kind != "detector" || groups_.empty()) {
    throw Error(network_.path() + ": is no detector with labels, but \"" +
                spec.kind + "\"");
  }
  for (const LabelGroup& group : groups_)
    labels_.insert(labels_.end(), group.labels.begin(), group.labels.end());
  for (const std::string& label : labels_)
    lower_labels_.push_back(Lower(label));
}

at::Tensor Detector::Scores(const std::vector<RgbPicture>& pictures) {
  at::Tensor scores = network_.Run(pictures);
  if (scores.size(1) != static_cast<int64_t>(labels_.size())) {
    throw Error(network_.path() + ": scores: got " +
                std::to_string(scores.size(1)) + ", expected one a label, " +
                std::to_string(labels_.size()));
  }
  return scores;
}

std::vector<Detection> Detector::Detect(
    const std::vector<RgbPicture>& pictures) {
  const at::Tensor scores = Scores(pictures);
  std::vector<Detection> detections(pictures.size());
  int64_t begin = 0;
  for (const LabelGroup& group : groups_) {
    const auto count = static_cast<int64_t>(group.labels.size());
    const at::Tensor part = scores.narrow(1, begin, count);
    const at::Tensor confidence =
        (group.is_largest ? part.softmax(1) : part.sigmoid()).contiguous();
    const at::Tensor found =
        (group.is_largest ? at::arange(count) == part.argmax(1, true)
                          : part > group.above)
            .contiguous();
    for (size_t b = 0; b < pictures.size(); ++b) {
      const auto row = static_cast<int64_t>(b);
      const auto* values = confidence[row].const_data_ptr<float>();
      const auto* is_found = found[row].const_data_ptr<bool>();
      Detection& detection = detections[b];
      detection.confidence.insert(detection.confidence.end(), values,
                                  values + count);
      detection.found.insert(detection.found.end(), is_found, is_found + count);
    }
    begin += count;
  }
  return detections;
}

std::optional<size_t> Detector::PlaceOf(std::string_view label) const {
  const std::u32string lower = Lower(label);
  for (size_t i = 0; i < lower_labels_.size(); ++i) {
    if (lower_labels_[i] == lower) return i;
  }
  return std::nullopt;
}

}  // namespace gloce
