// What a fit costs, known before it runs.
#pragma once

#include <vector>

#include "erasure/fit_plan.h"
#include "gloce/diffusion/pipeline.h"

namespace gloce {

// Calls of a whole run, by the bundle's schedulers. Each setting is asked for
// once. `pipeline` must outlive the result.
CallsOfARun CallsOfRuns(const Pipeline& pipeline);

// The most bytes that the sums of a plan's sets take at a time, when its passes
// run in batches of `batch_size` and a set's sums are freed after its last
// pass (MomentCollector): D² + D float64 a layer of width D, D without
// covariance.
int64_t PeakMomentBytes(const MomentPlan& plan,
                        const std::vector<int64_t>& widths, int64_t batch_size);

}  // namespace gloce
