// Which passes through the network a list of concepts needs. Every (prompt,
// seed, step) is run once, whatever it serves.
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

// Prompts whose activations are pooled: one mean and covariance a layer.
struct PromptSet {
  std::vector<std::string> prompts;  // a prompt that stands twice counts twice
  StatisticsSettings statistics;
  bool with_covariance = false;
};

// A prompt under one sampling setting, and who needs its activations.
struct PlannedPrompt {
  std::string prompt;
  StatisticsSettings statistics;
  std::vector<size_t>
      users;  // moments: sets; gate scores: concepts. With repetition.
};

// First phase: moments of target, mapping and surrogate sets.
struct MomentPlan {
  std::vector<PromptSet> sets;  // surrogates first, then mappings, then targets
  std::vector<PlannedPrompt> prompts;
  std::vector<Pass> passes;
  struct SetsOfConcept {
    size_t surrogate, mapping, target;
  };
  std::vector<SetsOfConcept> concepts;
};

// Second phase: gate scores of the anchors.
struct GatePlan {
  std::vector<PlannedPrompt> prompts;
  std::vector<Pass> passes;
};

MomentPlan PlanMoments(const std::vector<ConceptSettings>& concepts);
GatePlan PlanGateScores(const std::vector<ConceptSettings>& concepts);

// One past the batch of passes that begins at `begin`: at most `batch_size`
// passes, all with the same sampling settings.
size_t EndOfBatch(const std::vector<PlannedPrompt>& prompts,
                  const std::vector<Pass>& passes, size_t begin,
                  int64_t batch_size);

// Of each set: one past the index of its last pass.
std::vector<size_t> EndsOfSets(const MomentPlan& plan);

// Calls of the denoiser in a whole run; PNDM makes one more than it has steps.
using CallsOfARun = std::function<int64_t(const StatisticsSettings&)>;

// Calls of the denoiser that a plan's passes make: end + 1 a pass, or those of
// a whole run if that ends before.
int64_t CountCalls(const std::vector<PlannedPrompt>& prompts,
                   const std::vector<Pass>& passes,
                   const CallsOfARun& calls_of_a_run);

}  // namespace gloce
