#include "eval/frechet_distance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "gloce/base/error.h"

namespace gloce {
namespace {

// S with S Sᵀ = `covariance`. Eigenvalues that rounding left below 0 count as
// 0, which is what those of a singular covariance are.
at::Tensor Factor(const at::Tensor& covariance) {
  const auto [values, vectors] = at::linalg_eigh(covariance);
  return vectors * values.clamp_min(0).sqrt();
}

}  // namespace

double FrechetDistance(const FeatureStatistics& a, const FeatureStatistics& b) {
  const at::Tensor covariance_a = a.Covariance();
  const at::Tensor covariance_b = b.Covariance();
  if (covariance_a.size(0) != covariance_b.size(0)) {
    throw Error("features: got widths of " +
                std::to_string(covariance_a.size(0)) + " and " +
                std::to_string(covariance_b.size(0)) + ", expected equal ones");
  }
  // Σ_a = A Aᵀ and Σ_b = B Bᵀ: the eigenvalues of Σ_a Σ_b are the squares of
  // the singular values of Aᵀ B, so that the trace of its root is their sum. No
  // root of a matrix that is not symmetric is needed, which fails where
  // covariances are singular, as they are for fewer pictures than features.
  const at::Tensor singular_values =
      at::linalg_svdvals(Factor(covariance_a).t().matmul(Factor(covariance_b)));
  const at::Tensor distance = (a.Mean() - b.Mean()).square().sum() +
                              covariance_a.trace() + covariance_b.trace() -
                              2 * singular_values.sum();
  return std::max(0.0, distance.item<double>());
}

}  // namespace gloce
