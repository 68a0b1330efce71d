// First phase of the fit: sums of every prompt's activations, as passes deliver
// them.
#pragma once

#include <map>
#include <vector>

#include "erasure/fit_plan.h"
#include "erasure/moments.h"
#include "erasure/recording_hook.h"

namespace gloce {

class MomentCollector final : public RecordingHook {
 public:
  // `widths` are the hook points' D. `plan` must outlive this.
  MomentCollector(const MomentPlan& plan, std::vector<int64_t> widths);

  // Only activations of these prompts are summed from now on.
  void Want(std::vector<bool> prompts) { wanted_ = std::move(prompts); }

  // A prompt's sums by layer; frees them here, where they cost D² float64 a
  // layer. REQUIRES: the prompt was wanted when its passes ran, all of them.
  std::vector<MomentSums> Take(size_t prompt);

 private:
  void Record(const at::Tensor& x, size_t layer) override;

  std::vector<int64_t> widths_;
  std::vector<bool> with_covariance_;  // of each prompt
  std::vector<bool> wanted_;
  std::map<size_t, std::vector<MomentAccumulator>> open_;
};

}  // namespace gloce
