// What a fit costs, known before it runs.
#pragma once

#include <vector>

#include "erasure/fit_plan.h"
#include "gloce/diffusion/pipeline.h"

namespace gloce {

struct BundleManifest;

// D of every hook point.
std::vector<int64_t> HookWidths(const BundleManifest& manifest);

// Calls of a whole run, by the bundle's schedulers. Each setting is asked for
// once. `pipeline` must outlive the result.
CallsOfARun CallsOfRuns(const Pipeline& pipeline);

// Throws UsageError, before anything is sampled, where a concept's settings
// leave too little to take statistics of, or too little for its gate to tell
// apart.
void CheckFit(const BundleManifest& manifest,
              const std::vector<ConceptSettings>& concepts,
              const CallsOfARun& calls_of_a_run);

// The most bytes that the sums of a plan's sets take at a time, when its passes
// run in batches of at most `batch_size` and a set's sums are freed layer by
// layer after its last pass (MomentCollector): D² + D float64 a layer of width
// D, D without covariance, and one covariance more while it is reduced.
int64_t PeakMomentBytes(const MomentPlan& plan,
                        const std::vector<int64_t>& widths, int64_t batch_size);

}  // namespace gloce
