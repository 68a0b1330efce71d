// Sums of every prompt's activations, as passes deliver them.
#pragma once

#include <map>
#include <vector>

#include "erasure/activation_recorder.h"
#include "erasure/fit_plan.h"
#include "erasure/moments.h"

namespace gloce {

class MomentCollector final : public ActivationRecorder {
 public:
  // `widths` are the hook points' D. `plan` must outlive this.
  MomentCollector(const FitPlan& plan, std::vector<int64_t> widths);

  // Only activations of these prompts are summed from now on.
  void Want(std::vector<bool> prompts) { wanted_ = std::move(prompts); }

  // A prompt's sums by layer; frees them here, where they cost D² float64 a
  // layer, and wants the prompt no more. REQUIRES: the prompt was wanted when
  // its passes ran, all of them.
  std::vector<MomentSums> Take(size_t prompt);

  void BeginBatch(size_t batch) override { batch_ = batch; }
  void Record(const at::Tensor& x, size_t layer,
              const ForwardContext& context) override;

 private:
  const FitPlan& plan_;
  std::vector<int64_t> widths_;
  std::vector<bool> with_covariance_;  // of each prompt
  std::vector<bool> wanted_;
  size_t batch_ = 0;
  std::map<size_t, std::vector<MomentAccumulator>> open_;
};

}  // namespace gloce
