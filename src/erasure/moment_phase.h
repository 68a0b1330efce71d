// From passes to what is made of the sets' moments.
#pragma once

#include <map>
#include <vector>

#include "erasure/fit_keys.h"
#include "erasure/fit_plan.h"
#include "erasure/moment_collector.h"
#include "erasure/part_store.h"

namespace gloce {

// What a reduction gives, one entry a hook point; float64 on the CPU.
struct ReducedSet {
  std::vector<at::Tensor> mean;        // (D)
  std::vector<at::Tensor> vectors;     // (D, r1) or (D, r2); none of surrogates
  std::vector<at::Tensor> gate_basis;  // (D, r3), of targets alone
  std::vector<double> explained;       // see layer_fit.h; none of surrogates
  std::vector<double> gate_score;      // of targets alone
};

// Sums live by prompt, not by set: a prompt's sums go into the sets that end
// with it, and to the store if others still wait for them. So at most the
// prompts of one batch and one set are in memory, however many concepts there
// are and however they share prompts.
class MomentPhase {
 public:
  // Takes what the store holds of the wanted reductions. `plan`, `keys` and
  // `parts` must outlive this.
  MomentPhase(const FitPlan& plan, const FitKeys& keys, PartStore& parts,
              std::vector<int64_t> widths, std::vector<bool> wanted);

  // The batches that are left to run, under collector(), in order.
  std::vector<size_t> Batches() const;
  MomentCollector& collector() { return collector_; }

  // Tells that a batch has run: reduces the sets that it completes. A batch
  // that was not left to run changes nothing.
  void EndBatch(size_t batch);

  // Read from the store. REQUIRES: it was wanted, and the batches of its set's
  // prompts are not left to run.
  ReducedSet Result(size_t reduction) const;

 private:
  using Sums = std::vector<MomentSums>;  // by layer

  bool Waits(size_t reduction) const {
    return wanted_[reduction] && !done_[reduction];
  }
  bool IsReady(size_t reduction) const;
  bool IsNeeded(size_t prompt) const;
  void ReduceReady(bool means);
  void ReduceSet(size_t set, const std::vector<size_t>& reductions);
  Sums SumsOfSet(const PromptSet& set) const;
  void AddStored(size_t prompt, Sums& joined) const;
  ReducedSet Reduce(const Reduction& reduction, const Sums& sums) const;
  void Forget(const PromptSet& set);

  const FitPlan& plan_;
  const FitKeys& keys_;
  PartStore& parts_;
  const size_t num_layers_;
  const std::vector<bool> wanted_;    // of each reduction
  std::vector<bool> done_;            // it is in the store
  std::vector<bool> stored_;          // of each prompt: its sums are
  std::vector<bool> wanted_prompts_;  // those left to sum
  const std::vector<size_t> last_batches_;
  MomentCollector collector_;
  std::map<size_t, Sums> fresh_;  // of prompts that ended with this batch
  std::map<size_t, std::vector<at::Tensor>> means_;  // of surrogates, by layer
};

}  // namespace gloce
