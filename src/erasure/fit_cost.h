// What a fit costs, known before it runs.
#pragma once

#include <vector>

#include "erasure/fit_plan.h"
#include "gloce/diffusion/pipeline.h"
#include "gloce/erasure/fit.h"

namespace gloce {

struct BundleManifest;

// D of every hook point.
std::vector<int64_t> HookWidths(const BundleManifest& manifest);

// Calls of a whole run, by the bundle's schedulers. Each setting is asked for
// once. `pipeline` must outlive the result.
CallsOfARun CallsOfRuns(const Pipeline& pipeline);

// The concepts that a fit is asked for. Throws UsageError where there are none,
// where there is no such shard, and where a concept's settings leave too little
// to take statistics of, or too little for its gate to tell apart.
ConceptRange CheckFit(const Pipeline& pipeline,
                      const std::vector<ConceptSettings>& concepts,
                      const FitOptions& options);

// The most bytes that MomentPhase takes at a time for the wanted reductions.
// Sums of one prompt are D² + D float64 a layer of width D, or D without
// covariance. There are those of the prompts of a batch and of one that is
// divided between two batches; while a set is reduced, its own, those of one
// prompt that is read or written, and four covariances at the widest layer.
// `stored` tells whether sums that wait for a set are in a folder; in memory,
// they count too.
int64_t PeakMomentBytes(const FitPlan& plan,
                        const std::vector<bool>& wanted_reductions,
                        const std::vector<int64_t>& widths, bool stored);

}  // namespace gloce
