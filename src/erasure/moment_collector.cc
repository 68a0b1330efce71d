#include "erasure/moment_collector.h"

#include <ATen/core/Tensor.h>

namespace gloce {

MomentCollector::MomentCollector(const FitPlan& plan,
                                 std::vector<int64_t> widths)
    : plan_(plan),
      widths_(std::move(widths)),
      with_covariance_(PromptsWithCovariance(plan)),
      wanted_(plan.prompts.size(), true) {}

void MomentCollector::Record(const at::Tensor& x, size_t layer,
                             const ForwardContext& context) {
  const auto [height, width] =
      TokenMapSize(x.size(1), context.latent_height, context.latent_width);
  // Neighbouring rows of one prompt (its seeds) are pooled and multiplied
  // together.
  const PassRange& range = plan_.batches[batch_];
  for (size_t begin = range.begin; begin < range.end;) {
    const size_t prompt = plan_.passes[begin].prompt;
    size_t end = begin + 1;
    while (end < range.end && plan_.passes[end].prompt == prompt) ++end;
    if (wanted_[prompt]) {
      auto& layers = open_[prompt];
      if (layers.empty()) {
        for (const int64_t d : widths_)
          layers.emplace_back(d, with_covariance_[prompt]);
      }
      layers[layer].Add(
          PoolTokens(x.narrow(0, static_cast<int64_t>(begin - range.begin),
                              static_cast<int64_t>(end - begin)),
                     height, width));
    }
    begin = end;
  }
}

std::vector<MomentSums> MomentCollector::Take(size_t prompt) {
  std::vector<MomentSums> sums;
  for (MomentAccumulator& accumulator : open_.at(prompt))
    sums.push_back(accumulator.Take());
  open_.erase(prompt);
  wanted_[prompt] = false;
  return sums;
}

}  // namespace gloce
