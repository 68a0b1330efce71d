// Keys of a build's parts: everything that decides their bits, so that a
// changed setting never finds a stale part, and an unchanged one always does.
#pragma once

#include <string>
#include <vector>

#include "erasure/fit_plan.h"
#include "erasure/gate_slots.h"
#include "erasure/part_store.h"

namespace gloce {

class Pipeline;

class FitKeys {
 public:
  // `pipeline` tells model, device and dtype. The plan must outlive this.
  FitKeys(const Pipeline& pipeline, const FitPlan& plan);

  // A prompt's sums: its passes, and the passes they are sampled with.
  const PartKey& Sums(size_t prompt) const { return sums_[prompt]; }

  // What is made of a set.
  const PartKey& Reduced(size_t reduction) const { return reduced_[reduction]; }

  // The scores of a batch's anchors under the gates of concepts of `range`.
  PartKey Scores(size_t batch, const GateSlots& slots,
                 const ConceptRange& range) const;

 private:
  const FitPlan& plan_;
  std::string context_;
  std::vector<PartKey> sums_, reduced_;
};

// SHA-256 over all that two builds must share, beside the concepts that they
// take of it, to give the same bits: model, device, dtype, the list with all
// settings, the batch size.
std::string ListHash(const Pipeline& pipeline,
                     const std::vector<ConceptSettings>& concepts,
                     int64_t batch_size);

}  // namespace gloce
