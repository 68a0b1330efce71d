#include "erasure/kept_activations.h"

#include <ATen/ATen.h>

#include <utility>

#include "erasure/anchor_rows.h"

namespace gloce {

KeptActivations::KeptActivations(const FitPlan& plan, std::set<size_t> batches,
                                 int64_t limit)
    : plan_(plan), batches_(std::move(batches)), left_(limit) {}

void KeptActivations::BeginBatch(size_t batch) {
  batch_ = batch;
  keeping_ = batches_.contains(batch);
  if (keeping_) rows_ = AnchorRows(plan_, batch);
}

void KeptActivations::Record(const at::Tensor& x, size_t layer,
                             const ForwardContext& /*context*/) {
  if (!keeping_) return;
  const at::Tensor anchors = SelectRows(x, rows_);
  const auto bytes = static_cast<int64_t>(anchors.nbytes());
  if (bytes > left_) {
    Drop();
    return;
  }
  left_ -= bytes;
  kept_[batch_].push_back({layer, anchors.clone(at::MemoryFormat::Contiguous)});
}

void KeptActivations::Drop() {
  for (const Activation& activation : kept_[batch_])
    left_ += static_cast<int64_t>(activation.x.nbytes());
  kept_.erase(batch_);
  keeping_ = false;
}

std::map<size_t, KeptActivations::Activations> KeptActivations::TakeAll() {
  keeping_ = false;
  return std::exchange(kept_, {});
}

}  // namespace gloce
