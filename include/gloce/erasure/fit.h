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
  std::string phase;    // "targets", "anchors"
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
  // A prompt that is an anchor and also a target or a surrogate is sampled
  // before the gates that score it are known. Its activations wait for them, on
  // the device, in at most so many bytes; those that do not fit are sampled
  // again. It changes no bit of the result. The default is what the three seeds
  // of one prompt take at Stable Diffusion 1.4's size, and some more.
  int64_t kept_bytes = int64_t{2} << 30;
  std::function<void(const FitProgress&)> progress;
  // Asked whether to stop, as SamplingSettings::interrupted is.
  std::function<bool(double seconds_left)> interrupted;
};

// What FitErasers will do, if nothing is kept from before.
struct FitCost {
  // Calls of the denoiser by phase, each row of a batch counted. Of a whole
  // list: each (prompt, seed, call) once, but for those that are repeated.
  // Shards repeat prompts that they share.
  int64_t targets = 0;
  int64_t anchors = 0;
  // Calls of the second phase whose activations FitOptions::kept_bytes are too
  // few for.
  int64_t repeated = 0;
  // The most that sums for means and covariances take at a time, and
  // activations that wait for gates, beside the model and what it computes.
  int64_t moment_bytes = 0;
  int64_t kept_bytes = 0;
  // What a call for one image takes here, measured on a few calls of the first
  // concept's. Batches are faster where the device is not full with one image.
  double seconds_per_call = 0;

  int64_t calls() const { return targets + anchors; }
};

// Loads the denoiser. Throws UsageError for what FitErasers would refuse,
// before that; Error; Interrupted.
FitCost EstimateFit(Pipeline& pipeline,
                    const std::vector<ConceptSettings>& concepts,
                    const FitOptions& options);

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
//   targets: means and covariances of target and surrogate prompts, of which
//   the gates are made
//
//   anchors: moments of mapping prompts, and scores of the anchors under the
//   gates of all concepts at once
//
// Every (prompt, seed) is sampled once under each sampling setting that a
// concept of the list has for it, whatever number of concepts it serves and in
// whatever roles (FitOptions::kept_bytes tells of the exception).
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
