// Second phase of the fit: how far anchors already open the gates.
#pragma once

#include <vector>

#include "erasure/fit_plan.h"
#include "erasure/gate_bank.h"
#include "erasure/recording_hook.h"

namespace gloce {

// Threshold and slope of a gate.
struct GateThreshold {
  double center;  // c
  double slope;   // k
};

// c = mean(m) + τ·std(m) with the unbiased standard deviation, k = ln(99) /
// (0.001·τ): at p = c + 0.001·τ the gate is open to 99 % (docs/erasure.md).
// Throws Error for fewer than two scores.
GateThreshold ThresholdFromScores(const std::vector<double>& scores,
                                  double tau);

// Collects m = max over the tokens of the full map of p, for every anchor pass,
// call and layer.
class GateScoreCollector final : public RecordingHook {
 public:
  // One bank a hook point, over all concepts of the plan. Both must outlive
  // this.
  GateScoreCollector(const GatePlan& plan, const std::vector<GateBank>& banks,
                     size_t num_concepts);

  // Ends a run: copies its scores from the device, once.
  void EndRun();

  // All m of a concept at a hook point.
  const std::vector<double>& Scores(size_t concept_index, size_t layer) const {
    return scores_[layer][concept_index];
  }

 private:
  void Record(const at::Tensor& x, size_t layer) override;

  const GatePlan& plan_;
  const std::vector<GateBank>& banks_;
  std::vector<std::vector<std::vector<double>>> scores_;  // [layer][concept]
  std::vector<std::vector<at::Tensor>>
      run_;  // [layer]: (B, N) for each recorded call
};

}  // namespace gloce
