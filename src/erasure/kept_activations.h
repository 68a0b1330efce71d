// Activations of anchors that are sampled before the gates exist: prompts that
// are anchors and targets or surrogates as well.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <set>
#include <vector>

#include "erasure/activation_recorder.h"
#include "erasure/fit_plan.h"

namespace gloce {

// Keeps them as they were recorded, on their device and in their dtype, until
// the gates are there, so that no pass is sampled twice for them. They are
// large (46 MB a call at the size of Stable Diffusion 1.4), so there is a
// limit, and what does not fit is sampled again.
class KeptActivations final : public ActivationRecorder {
 public:
  // Keeps the anchors' rows of `batches`, where all recorded calls of a batch
  // fit into what of `limit` bytes the ones before have left. `plan` must
  // outlive this.
  KeptActivations(const FitPlan& plan, std::set<size_t> batches, int64_t limit);

  void BeginBatch(size_t batch) override;
  void Record(const at::Tensor& x, size_t layer,
              const ForwardContext& context) override;

  struct Activation {
    size_t layer;
    at::Tensor x;  // (anchors of the batch, T, D)
  };
  using Activations = std::vector<Activation>;  // as they were recorded

  // The batches that were kept; no others remain. REQUIRES: the last one that
  // began has ended.
  std::map<size_t, Activations> TakeAll();

 private:
  void Drop();

  const FitPlan& plan_;
  const std::set<size_t> batches_;
  int64_t left_;  // bytes
  std::map<size_t, Activations> kept_;
  // The batch that is recorded.
  size_t batch_ = 0;
  bool keeping_ = false;
  std::vector<int64_t> rows_;
};

}  // namespace gloce
