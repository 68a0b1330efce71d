// FID.
#pragma once

#include "eval/feature_statistics.h"

namespace gloce {

// The Fréchet distance of two normal distributions with the features' means and
// covariances (M. Heusel et al., arXiv 1706.08500, equation 6),
//   ‖μ_a − μ_b‖² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½),
// which with Inception's features is FID. Biased upwards by the pictures'
// number: compare figures of equal numbers only. Never below 0. Throws Error if
// a side has fewer than two rows or the widths differ.
double FrechetDistance(const FeatureStatistics& a, const FeatureStatistics& b);

}  // namespace gloce
