// Which passes through the network a list of concepts needs. Every (prompt,
// seed, step) is run once in each of the two phases, whatever it serves there.
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
  std::vector<size_t>
      users;  // moments: sets; gate scores: concepts. With repetition.
};

// Passes in the order in which they run, cut into batches. The cut depends on
// the whole list alone, not on what of it is left to do: a row's last bits
// depend on the batch that it is sampled in.
struct PassPlan {
  std::vector<PlannedPrompt> prompts;
  std::vector<Pass> passes;  // those of a prompt follow each other
  std::vector<PassRange> batches;
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

// First phase: moments of target, mapping and surrogate sets. Surrogates run
// first, then, concept by concept, what of its mapping and target has not.
struct MomentPlan : PassPlan {
  std::vector<PromptSet> sets;
  std::vector<Reduction> reductions;  // each after the ones that it needs
  struct OfConcept {
    size_t surrogate, mapping, target;  // reductions
  };
  std::vector<OfConcept> concepts;
};

// Batches hold at most `batch_size` passes, all with the same sampling
// settings.
MomentPlan PlanMoments(const std::vector<ConceptSettings>& concepts,
                       int64_t batch_size);

// Of each prompt: whether a set that it is in needs a covariance.
std::vector<bool> PromptsWithCovariance(const MomentPlan& plan);

// Second phase: gate scores of the anchors.
PassPlan PlanGateScores(const std::vector<ConceptSettings>& concepts,
                        int64_t batch_size);

// Of each prompt: the last batch that has a pass of it.
std::vector<size_t> LastBatches(const PassPlan& plan);

// The batches that have a pass of a wanted prompt, in order.
std::vector<size_t> BatchesOf(const PassPlan& plan,
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
std::vector<bool> ReductionsOf(const MomentPlan& plan,
                               const ConceptRange& range);

// The prompts of the sets of wanted reductions.
std::vector<bool> PromptsOfReductions(const MomentPlan& plan,
                                      const std::vector<bool>& wanted);

// The prompts that concepts of `range` use.
std::vector<bool> PromptsOfConcepts(const PassPlan& gate_plan,
                                    const ConceptRange& range);

// Calls of the denoiser in a whole run; PNDM makes one more than it has steps.
using CallsOfARun = std::function<int64_t(const StatisticsSettings&)>;

// Calls of the denoiser that batches of a plan make: end + 1 a pass, or those
// of a whole run if that ends before.
int64_t CountCalls(const PassPlan& plan, const std::vector<size_t>& batches,
                   const CallsOfARun& calls_of_a_run);

}  // namespace gloce
