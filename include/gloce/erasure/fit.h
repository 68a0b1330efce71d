// Concepts to erasers, without training.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gloce/diffusion/pipeline.h"
#include "gloce/erasure/concept_list.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

struct FitProgress {
  std::string phase;    // "statistics", "gates"
  int64_t done, total;  // calls of the denoiser, each row of a batch counted
};

struct FitOptions {
  int64_t batch_size = 8;  // passes sampled together
  // Build the concepts of one of `num_shards` parts of the list, from 1.
  int64_t shard = 1;
  int64_t num_shards = 1;
  // A folder to keep what is computed in, so that a build that was stopped goes
  // on where it was and gives the bytes that it would have given, on the same
  // machine with as many threads. It is made, and cleared by nobody but
  // RemoveParts. Sums of prompts that several sets share wait here for their
  // sets; without a folder they wait in memory.
  std::string parts_folder;
  std::function<void(const FitProgress&)> progress;
  std::function<bool()> interrupted;
};

// What FitErasers will do, if nothing is kept from before. Throws UsageError
// for what FitErasers would refuse.
struct FitCost {
  // Calls of the denoiser by phase. Of a whole list: each (prompt, seed, call)
  // once. Shards repeat prompts that they share.
  int64_t statistics, gates;
  // The most that sums for means and covariances take at a time, beside the
  // model and its activations.
  int64_t moment_bytes;
};
FitCost EstimateFit(Pipeline& pipeline,
                    const std::vector<ConceptSettings>& concepts,
                    const FitOptions& options);

// Seconds that a call of the denoiser for one image takes here, measured on a
// few calls of the first concept's. Batches are faster where the device is not
// full with one image. Loads the denoiser. Throws Error; Interrupted.
double MeasureSecondsPerCall(Pipeline& pipeline,
                             const ConceptSettings& settings,
                             const std::function<bool()>& interrupted);

// Chooses open anchors and mappings with the bundle's text encoder (see
// concept_choice.h). `choices` gets an entry a concept. Throws Error;
// Interrupted.
std::vector<ConceptSettings> ResolveConcepts(
    Pipeline& pipeline, const std::vector<ConceptRequest>& requests,
    std::vector<ConceptChoice>* choices = nullptr,
    const std::function<bool()>& interrupted = nullptr);

// Computes the erasers of all concepts (GLoCE, update and gate;
// docs/erasure.md), in two phases:
//
//   statistics: means and covariances of target, mapping and surrogate prompts
//
//   gates: scores of the anchors under the gates of all concepts at once
//
// Every (prompt, seed) is sampled once in each phase, whatever number of
// concepts it serves.
// The bits of a concept's eraser do not depend on the shard that builds it:
// MergeErasers makes of all shards what one build gives.
// Statistics are sums in float64; results are stored as float32. Throws Error;
// UsageError, before anything is sampled, where settings leave too little to
// take statistics of; Interrupted.
Erasers FitErasers(Pipeline& pipeline,
                   const std::vector<ConceptSettings>& concepts,
                   const FitOptions& options);

// Removes what builds kept in a folder (FitOptions::parts_folder), and the
// folder if nothing else is in it. Throws Error if another process builds
// there.
void RemoveParts(const std::string& parts_folder);

}  // namespace gloce
