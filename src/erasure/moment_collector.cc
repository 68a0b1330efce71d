#include "erasure/moment_collector.h"

#include <ATen/core/Tensor.h>

namespace gloce {

MomentCollector::MomentCollector(const MomentPlan& plan,
                                 std::vector<int64_t> widths)
    : widths_(std::move(widths)),
      with_covariance_(PromptsWithCovariance(plan)),
      wanted_(plan.prompts.size(), true) {}

void MomentCollector::Record(const at::Tensor& x, size_t layer) {
  const auto [height, width] =
      TokenMapSize(x.size(1), context().latent_height, context().latent_width);
  // Neighbouring rows of one prompt (its seeds) are pooled and multiplied
  // together.
  const auto count = static_cast<int64_t>(rows().size());
  for (int64_t begin = 0; begin < count;) {
    const size_t prompt = rows()[static_cast<size_t>(begin)];
    int64_t end = begin + 1;
    while (end < count && rows()[static_cast<size_t>(end)] == prompt) ++end;
    if (wanted_[prompt]) {
      auto& layers = open_[prompt];
      if (layers.empty()) {
        for (const int64_t d : widths_)
          layers.emplace_back(d, with_covariance_[prompt]);
      }
      layers[layer].Add(
          PoolTokens(x.narrow(0, begin, end - begin), height, width));
    }
    begin = end;
  }
}

std::vector<MomentSums> MomentCollector::Take(size_t prompt) {
  std::vector<MomentSums> sums;
  for (MomentAccumulator& accumulator : open_.at(prompt))
    sums.push_back(accumulator.Take());
  open_.erase(prompt);
  return sums;
}

}  // namespace gloce
