#include "erasure/layer_fit.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "erasure/subspace.h"

namespace gloce {
namespace {

Moments RandomMoments(uint64_t seed, int64_t d) {
  at::manual_seed(seed);
  const at::Tensor a = at::randn({d, d}, at::kDouble);
  return {at::randn({d}, at::kDouble), at::matmul(a, a.t()) / d};
}

// update(x) − μ_map = V_map V_mapᵀ (I − V_tar V_tarᵀ)(x − μ_tar), computed
// from the definition with full matrices.
TEST(LayerFitTest, TheMapIsTheProductOfTheTwoProjectors) {
  const Moments mapping = RandomMoments(1, 12);
  const Moments target = RandomMoments(2, 12);
  const at::Tensor surrogate = at::zeros({12}, at::kDouble);
  const MappingBasis map = FitMapping(mapping, 2);
  const TargetBasis tar = FitTarget(target, surrogate, 4, 1);
  const at::Tensor got =
      at::matmul(map.vectors, MapDown(map.vectors, tar.vectors));
  const auto projector = [](const at::Tensor& covariance, int64_t rank) {
    // From the SVD, as the published code takes it, not from eigh.
    const at::Tensor u = std::get<0>(at::linalg_svd(covariance));
    const at::Tensor v = u.narrow(1, 0, rank);
    return at::matmul(v, v.t());
  };
  const at::Tensor expected =
      at::matmul(projector(mapping.covariance, 2),
                 at::eye(12, at::kDouble) - projector(target.covariance, 4));
  EXPECT_TRUE(at::allclose(got, expected, 0, 1e-10));
}

TEST(LayerFitTest, TargetDirectionsAreRemoved) {
  const TargetBasis tar =
      FitTarget(RandomMoments(2, 12), at::zeros({12}, at::kDouble), 4, 1);
  const MappingBasis map = FitMapping(RandomMoments(1, 12), 2);
  EXPECT_LE(at::matmul(MapDown(map.vectors, tar.vectors), tar.vectors)
                .abs()
                .max()
                .item<double>(),
            1e-12);
}

TEST(LayerFitTest, ARankOfTheWholeSpaceLeavesOnlyTheMean) {
  const TargetBasis tar =
      FitTarget(RandomMoments(2, 6), at::zeros({6}, at::kDouble), 16, 1);
  const MappingBasis map = FitMapping(RandomMoments(1, 6), 2);
  EXPECT_LE(MapDown(map.vectors, tar.vectors).abs().max().item<double>(),
            1e-12);
}

TEST(LayerFitTest, ExplainedSharesAreSumsOfEigenvalues) {
  const Moments target = RandomMoments(3, 12);
  const at::Tensor surrogate = at::zeros({12}, at::kDouble);
  const auto share = [](const at::Tensor& matrix, int64_t rank) {
    const at::Tensor values = at::linalg_eigvalsh(matrix);  // ascending
    return (values.narrow(0, 12 - rank, rank).sum() / values.sum())
        .item<double>();
  };
  const TargetBasis tar = FitTarget(target, surrogate, 4, 2);
  EXPECT_NEAR(tar.explained, share(target.covariance, 4), 1e-12);
  EXPECT_NEAR(tar.gate_score,
              share(target.covariance + at::outer(target.mean, target.mean), 2),
              1e-12);
  EXPECT_NEAR(FitMapping(target, 12).explained, 1, 1e-12);
  EXPECT_EQ(
      ExplainedShare(at::zeros({4, 4}, at::kDouble), at::eye(4, at::kDouble)),
      0);
}

// With a mean shift that dwarfs the covariance the gate looks along the shift.
TEST(LayerFitTest, TheGateLooksAlongALargeShift) {
  Moments target = RandomMoments(5, 8);
  const at::Tensor surrogate = target.mean - 1000 * at::ones({8}, at::kDouble);
  const TargetBasis tar = FitTarget(target, surrogate, 2, 1);
  const at::Tensor direction = at::ones({8}, at::kDouble) / std::sqrt(8.0);
  EXPECT_NEAR(
      at::dot(tar.gate_basis.select(1, 0), direction).abs().item<double>(), 1,
      1e-5);
}

}  // namespace
}  // namespace gloce
