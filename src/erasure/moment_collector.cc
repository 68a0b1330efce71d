#include "erasure/moment_collector.h"

#include <ATen/core/Tensor.h>

namespace gloce {

MomentCollector::MomentCollector(const MomentPlan& plan,
                                 std::vector<int64_t> widths)
    : plan_(plan), widths_(std::move(widths)), ends_(EndsOfSets(plan)) {}

std::vector<MomentAccumulator>& MomentCollector::Open(size_t set) {
  auto& layers = open_[set];
  if (layers.empty()) {
    for (const int64_t width : widths_) {
      layers.emplace_back(width, plan_.sets[set].with_covariance);
    }
  }
  return layers;
}

void MomentCollector::Record(const at::Tensor& x, size_t layer) {
  const auto [height, width] =
      TokenMapSize(x.size(1), context().latent_height, context().latent_width);
  // Neighbouring rows of one prompt (its seeds) are pooled and multiplied
  // together.
  const auto count = static_cast<int64_t>(rows().size());
  for (int64_t begin = 0; begin < count;) {
    int64_t end = begin + 1;
    while (end < count && rows()[static_cast<size_t>(end)] ==
                              rows()[static_cast<size_t>(begin)]) {
      ++end;
    }
    const at::Tensor pooled =
        PoolTokens(x.narrow(0, begin, end - begin), height, width);
    for (const size_t set :
         plan_.prompts[rows()[static_cast<size_t>(begin)]].users) {
      Open(set)[layer].Add(pooled);
    }
    begin = end;
  }
}

void MomentCollector::Complete(
    size_t done,
    const std::function<void(size_t set, const std::vector<Moments>& layers)>&
        reduce) {
  for (; next_set_ < ends_.size() && ends_[next_set_] <= done; ++next_set_) {
    std::vector<Moments> layers;
    for (MomentAccumulator& accumulator : Open(next_set_)) {
      layers.push_back(accumulator.Finish());
    }
    open_.erase(next_set_);
    reduce(next_set_, layers);
  }
}

}  // namespace gloce
