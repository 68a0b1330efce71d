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

// Calls of the denoiser that FitErasers will make, by phase, each (prompt,
// seed, call) once.
struct FitCost {
  int64_t statistics, gates;
};
FitCost EstimateFit(Pipeline& pipeline,
                    const std::vector<ConceptSettings>& concepts);

// Chooses open anchors and mappings with the bundle's text encoder (see
// concept_choice.h).
std::vector<ConceptSettings> ResolveConcepts(
    Pipeline& pipeline, const std::vector<ConceptRequest>& requests);

// Computes the erasers of all concepts (GLoCE, update and gate;
// docs/erasure.md):
//   first phase   means and covariances of target, mapping and surrogate
//   prompts second phase  gate scores of the anchors, under the gates of all
//   concepts at once
// Every (prompt, seed) is sampled once, whatever number of concepts it serves.
// Statistics are sums in float64; results are stored as float32. Throws Error;
// Interrupted.
Erasers FitErasers(Pipeline& pipeline,
                   const std::vector<ConceptSettings>& concepts,
                   const FitOptions& options);

}  // namespace gloce
