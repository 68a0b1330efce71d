// First phase of the fit: moments of every prompt set, as passes deliver
// activations.
#pragma once

#include <functional>
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

  // Tells that passes [0, done) of the plan have run. Sets that need no further
  // pass are handed to `reduce`, by ascending index, and their sums freed: they
  // cost D² float64 a layer.
  void Complete(
      size_t done,
      const std::function<void(size_t set, const std::vector<Moments>& layers)>&
          reduce);

 private:
  void Record(const at::Tensor& x, size_t layer) override;
  std::vector<MomentAccumulator>& Open(size_t set);

  const MomentPlan& plan_;
  std::vector<int64_t> widths_;
  std::vector<size_t> ends_;  // of each set
  size_t next_set_ = 0;
  std::map<size_t, std::vector<MomentAccumulator>> open_;
};

}  // namespace gloce
