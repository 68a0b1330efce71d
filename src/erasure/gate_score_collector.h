// How far anchors already open the gates.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "erasure/activation_recorder.h"
#include "erasure/fit_plan.h"
#include "erasure/gate_slots.h"
#include "erasure/part_store.h"

namespace gloce {

// Threshold and slope of a gate.
struct GateThreshold {
  double center;  // c
  double slope;   // k
  double mean;    // of the scores
  double std;     // unbiased
};

// c = mean(m) + τ·std(m) with the unbiased standard deviation, k = ln(99) /
// (0.001·τ): at p = c + 0.001·τ the gate is open to 99 % (docs/erasure.md).
// Throws Error for fewer than two scores.
GateThreshold ThresholdFromScores(const std::vector<double>& scores,
                                  double tau);

// A block of gates at one hook point: p of concepts that share a surrogate.
struct GateBlock {
  at::Tensor mean;   // (D) μ_sur, float32
  at::Tensor basis;  // (D, S·R) V_gate of S slots, R columns each, float32;
                     // zeros where no concept is computed
  int64_t rank = 1;  // R
};

// Collects m = max over the tokens of the full map of p, for every anchor pass,
// call and layer.
class GateScoreCollector final : public ActivationRecorder {
 public:
  // Scores concepts of `range` in the batches of the plan that `wanted` holds.
  // `gates_of(i)` are concept i's gates by layer, each with its basis (D, r3)
  // and μ_sur (D); they go to `device`. `plan` and `slots` must outlive this.
  struct Gate {
    at::Tensor basis, surrogate_mean;
  };
  GateScoreCollector(const FitPlan& plan, const GateSlots& slots,
                     const ConceptRange& range, std::set<size_t> wanted,
                     size_t num_layers,
                     const std::function<std::vector<Gate>(size_t)>& gates_of,
                     c10::Device device);

  void BeginBatch(size_t batch) override;
  void Record(const at::Tensor& x, size_t layer,
              const ForwardContext& context) override;

  // The same for the anchors' rows alone (AnchorRows), with the same bits.
  void Score(const at::Tensor& anchors, size_t layer);

  // The scores of the batch since BeginBatch, copied from the device, once: for
  // each row b with concepts to score, "row.b" (layers, calls, concepts). None
  // of a batch that is not wanted.
  PartTensors TakeScores();

  // Adds the scores of a batch to those of its concepts.
  void AddScores(size_t batch, const Part& scores);

  // All m of a concept at a hook point, in the order of AddScores.
  const std::vector<double>& Scores(size_t concept_index, size_t layer) const {
    return scores_[concept_index - range_.begin][layer];
  }

 private:
  void AddGates(size_t concept_index, const std::vector<Gate>& gates);
  std::vector<size_t> GatesOf(size_t pass) const;

  const FitPlan& plan_;
  const GateSlots& slots_;
  ConceptRange range_;
  std::set<size_t> wanted_;                               // batches
  std::vector<std::vector<GateBlock>> blocks_;            // [layer][block]
  std::vector<std::vector<std::vector<double>>> scores_;  // [concept][layer]
  // The batch that is scored: its anchors' rows, the blocks of their gates, and
  // [layer][block]: (rows, S) for each recorded call.
  size_t batch_ = 0;
  std::vector<int64_t> rows_;
  std::set<std::pair<size_t, size_t>> wanted_blocks_;  // {surrogate, block}
  std::vector<std::vector<std::vector<at::Tensor>>> run_;
};

}  // namespace gloce
