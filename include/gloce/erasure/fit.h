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
  std::function<void(const FitProgress&)> progress;
  std::function<bool()> interrupted;
};

// What FitErasers will do. Throws UsageError for what FitErasers would refuse.
struct FitCost {
  // Calls of the denoiser by phase, each (prompt, seed, call) once.
  int64_t statistics, gates;
  // The most that sums for means and covariances take at a time, beside the
  // model and its activations.
  int64_t moment_bytes;
};
FitCost EstimateFit(Pipeline& pipeline,
                    const std::vector<ConceptSettings>& concepts,
                    int64_t batch_size);

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
// Every (prompt, seed) is sampled once, whatever number of concepts it serves.
// Statistics are sums in float64; results are stored as float32. Throws Error;
// UsageError, before anything is sampled, where settings leave too little to
// take statistics of; Interrupted.
Erasers FitErasers(Pipeline& pipeline,
                   const std::vector<ConceptSettings>& concepts,
                   const FitOptions& options);

}  // namespace gloce
