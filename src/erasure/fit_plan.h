// Which passes through the network a list of concepts needs: every (prompt,
// seed, step) once, whatever it serves.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gloce/erasure/eraser.h"

namespace gloce {

// A sampling run that is needed: one prompt, one seed.
struct Pass {
  size_t prompt;  // index into the plan's prompts
  int64_t seed;
};

// Passes [begin, end) of a plan, sampled together.
struct PassRange {
  size_t begin, end;
};

// A prompt under one sampling setting, and who needs its activations.
struct PlannedPrompt {
  std::string prompt;
  StatisticsSettings statistics;
  std::vector<size_t> sets;   // that it is in
  std::vector<size_t> gates;  // concepts whose anchor it is, with repetition
};

// Prompts whose activations are pooled: one mean and covariance a layer.
struct PromptSet {
  std::vector<size_t>
      prompts;  // of the plan; one that stands twice counts twice
  bool with_covariance = false;
};

// What is made of a set's moments, once for all concepts that need the same.
struct Reduction {
  enum class Kind { kMean, kMapping, kTarget };
  Kind kind = Kind::kMean;
  size_t set = 0;
  int64_t rank = 0;       // r1 of a mapping, r2 of a target
  int64_t rank_gate = 0;  // r3 of a target
  size_t surrogate = 0;   // of a target: the reduction that is its μ_sur

  auto operator<=>(const Reduction&) const = default;
};

// Passes in the order in which they run, cut into batches. The cut depends on
// the whole list alone, not on what of it is left to do: a row's last bits
// depend on the batch that it is sampled in.
//
// A gate is made of its concept's targets and surrogates, so their passes are
// the first phase: surrogates, then targets, concept by concept. All others are
// the second, concept by concept its mapping and its anchors, where a pass
// serves moments and gate scores at once.
struct FitPlan {
  std::vector<PlannedPrompt> prompts;
  std::vector<Pass> passes;  // those of a prompt follow each other
  std::vector<PassRange> batches;
  size_t num_first_batches = 0;  // of the first phase
  std::vector<PromptSet> sets;
  std::vector<Reduction> reductions;  // each after the ones that it needs
  struct OfConcept {
    size_t surrogate, mapping, target;  // reductions
  };
  std::vector<OfConcept> concepts;
};

// Batches hold at most `batch_size` passes, all of one phase and with the same
// sampling settings.
FitPlan PlanFit(const std::vector<ConceptSettings>& concepts,
                int64_t batch_size);

// Of each prompt: whether a set that it is in needs a covariance.
std::vector<bool> PromptsWithCovariance(const FitPlan& plan);

// Of each prompt: the last batch that has a pass of it.
std::vector<size_t> LastBatches(const FitPlan& plan);

// The batches that have a pass of a wanted prompt, in order.
std::vector<size_t> BatchesOf(const FitPlan& plan,
                              const std::vector<bool>& wanted_prompts);

// Concepts [begin, end) of a list.
struct ConceptRange {
  size_t begin, end;
};

// The concepts of shard `shard` of `num_shards`, counted from 1: neighbours,
// and at most one more than another shard has. Throws UsageError if there is no
// such shard, or not one concept for it.
ConceptRange ConceptsOfShard(size_t num_concepts, int64_t shard,
                             int64_t num_shards);

// The reductions that concepts of `range` need.
std::vector<bool> ReductionsOf(const FitPlan& plan, const ConceptRange& range);

// The prompts of the sets of wanted reductions.
std::vector<bool> PromptsOfReductions(const FitPlan& plan,
                                      const std::vector<bool>& wanted);

// The anchors of concepts of `range`.
std::vector<bool> AnchorsOf(const FitPlan& plan, const ConceptRange& range);

// Calls of the denoiser in a whole run; PNDM makes one more than it has steps.
using CallsOfARun = std::function<int64_t(const StatisticsSettings&)>;

// Calls of the denoiser that batches of a plan make: end + 1 a pass, or those
// of a whole run if that ends before.
int64_t CountCalls(const FitPlan& plan, const std::vector<size_t>& batches,
                   const CallsOfARun& calls_of_a_run);

}  // namespace gloce
