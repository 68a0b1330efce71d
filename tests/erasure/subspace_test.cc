#include "erasure/subspace.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace gloce {
namespace {

// A = Q · diag(values) · Qᵀ with a known orthonormal Q.
struct Known {
  at::Tensor vectors, matrix;
};

Known KnownMatrix(const std::vector<double>& values) {
  at::manual_seed(1);
  const auto d = static_cast<int64_t>(values.size());
  const at::Tensor q =
      std::get<0>(at::linalg_qr(at::randn({d, d}, at::kDouble)));
  const at::Tensor matrix =
      at::matmul(q * at::tensor(values, at::kDouble), q.t());
  return {q, matrix};
}

TEST(TopEigenvectorsTest, FindsTheLeadingSubspaceOfAKnownMatrix) {
  const Known known = KnownMatrix({0.1, 5, 0.2, 3, 0.05, 9});
  const at::Tensor top = TopEigenvectors(known.matrix, 3);
  const at::Tensor expected =
      known.vectors.index_select(1, at::tensor({5, 1, 3}, at::kLong));
  for (int64_t i = 0; i < 3; ++i) {  // equal up to sign, largest first
    const double overlap =
        at::dot(top.select(1, i), expected.select(1, i)).abs().item<double>();
    EXPECT_NEAR(overlap, 1, 1e-12) << i;
  }
}

TEST(TopEigenvectorsTest, ColumnsAreOrthonormalAndTheProjectorIdempotent) {
  const at::Tensor top = TopEigenvectors(KnownMatrix({4, 3, 2, 1}).matrix, 2);
  EXPECT_TRUE(at::allclose(at::matmul(top.t(), top), at::eye(2, at::kDouble), 0,
                           1e-12));
  const at::Tensor projector = at::matmul(top, top.t());
  EXPECT_TRUE(
      at::allclose(at::matmul(projector, projector), projector, 0, 1e-12));
}

TEST(TopEigenvectorsTest, SignsAreFixed) {
  const at::Tensor top = TopEigenvectors(KnownMatrix({4, 3, 2, 1}).matrix, 4);
  for (int64_t i = 0; i < 4; ++i) {
    const at::Tensor column = top.select(1, i);
    EXPECT_GT(column[column.abs().argmax()].item<double>(), 0);
  }
}

TEST(TopEigenvectorsTest, NoVectorsAreFoundWithoutADecomposition) {
  const auto [top, in_full] =
      FindTopEigenvectors(KnownMatrix({2, 1}).matrix, 0);
  EXPECT_EQ(top.sizes(), at::IntArrayRef({2, 0}));
  EXPECT_FALSE(in_full);
}

TEST(TopEigenvectorsTest, ARankAboveTheWidthGivesTheWholeSpace) {
  const at::Tensor top = TopEigenvectors(KnownMatrix({4, 3, 2}).matrix, 16);
  EXPECT_EQ(top.sizes(), at::IntArrayRef({3, 3}));
}

// Differences of projectors, in the spectral norm: the sine of the largest
// angle between the subspaces.
double Sine(const at::Tensor& a, const at::Tensor& b) {
  return at::linalg_matrix_norm(at::matmul(a, a.t()) - at::matmul(b, b.t()), 2)
      .item<double>();
}

// D values that fall like those of real covariances, σ_i = i^-power, with
// (σ_cut − σ_cut+1) / σ_1 = gap.
std::vector<double> Falling(int64_t d, double power, int64_t cut, double gap) {
  std::vector<double> values;
  for (int64_t i = 1; i <= d; ++i)
    values.push_back(std::pow(static_cast<double>(i), -power));
  values[cut - 1] = values[cut] + gap;
  return values;
}

// Widths and ranks of Stable Diffusion 1.4's layers but the widest. 2e-5 is the
// gap that real target covariances have at their rank.
TEST(TopEigenvectorsTest, EqualsAFullDecompositionOnFallingSpectra) {
  for (const int64_t d : {320, 640}) {
    for (const int64_t rank : {1, 2, 16}) {
      for (const double power : {1.0, 2.5}) {
        const Known known = KnownMatrix(Falling(d, power, rank, 2e-5));
        const auto [top, in_full] = FindTopEigenvectors(known.matrix, rank);
        // 12 blocks of 16 + 4 columns do not fit into half of 320.
        EXPECT_EQ(in_full, d == 320 && rank == 16) << d << ' ' << rank;
        // Against the vectors that the matrix was made of, and LAPACK's.
        EXPECT_LE(Sine(top, known.vectors.narrow(1, 0, rank)), 1e-6)
            << d << ' ' << rank << ' ' << power;
        EXPECT_LE(Sine(top, TopEigenvectorsInFull(known.matrix, rank)), 1e-6)
            << d << ' ' << rank << ' ' << power;
      }
    }
  }
}

TEST(TopEigenvectorsTest, EqualsAFullDecompositionOfTheWidestLayer) {
  for (const int64_t rank : {1, 2, 16}) {
    const Known known = KnownMatrix(Falling(1280, 2.5, rank, 2e-5));
    const auto [top, in_full] = FindTopEigenvectors(known.matrix, rank);
    EXPECT_FALSE(in_full) << rank;
    EXPECT_LE(Sine(top, known.vectors.narrow(1, 0, rank)), 1e-6) << rank;
  }
}

// Eigenvalues that lie as close everywhere as at the cut: no space of half the
// width holds the leading ones, and that is noticed.
TEST(TopEigenvectorsTest, WhatLanczosMissesIsDecomposedInFull) {
  std::vector<double> values(640);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = 1 - static_cast<double>(i) / 640;
  const Known known = KnownMatrix(values);
  const auto [top, in_full] = FindTopEigenvectors(known.matrix, 16);
  EXPECT_TRUE(in_full);
  EXPECT_LE(Sine(top, known.vectors.narrow(1, 0, 16)), 1e-6);
}

// More equal eigenvalues than one search direction could tell apart.
TEST(TopEigenvectorsTest, FindsEveryOneOfEqualEigenvalues) {
  std::vector<double> values = Falling(640, 1, 16, 1e-3);
  std::fill(values.begin() + 1, values.begin() + 15, 0.5);
  values[15] = 0.4;
  const Known known = KnownMatrix(values);
  EXPECT_LE(
      Sine(TopEigenvectors(known.matrix, 16), known.vectors.narrow(1, 0, 16)),
      1e-6);
}

// Where the cut divides equal eigenvalues, any of their vectors will do.
TEST(TopEigenvectorsTest, ATieAtTheCutGivesEigenvectorsStill) {
  std::vector<double> values = Falling(640, 1, 16, 1e-3);
  values[15] = values[16] = 0.057;
  const Known known = KnownMatrix(values);
  const at::Tensor top = TopEigenvectors(known.matrix, 16);
  const at::Tensor ritz = at::matmul(at::matmul(top.t(), known.matrix), top);
  EXPECT_LE((at::matmul(known.matrix, top) - at::matmul(top, ritz))
                .norm()
                .item<double>(),
            1e-6);
  EXPECT_NEAR(ritz.trace().item<double>(),
              std::accumulate(values.begin(), values.begin() + 16, 0.0), 1e-9);
}

TEST(TopEigenvectorsTest, AMatrixOfLowRankKeepsItsColumnsOrthonormal) {
  std::vector<double> values(640, 0.0);
  values[0] = 2;
  values[1] = 1;
  const Known known = KnownMatrix(values);
  const at::Tensor top = TopEigenvectors(known.matrix, 16);
  EXPECT_TRUE(at::allclose(at::matmul(top.t(), top), at::eye(16, at::kDouble),
                           0, 1e-10));
  EXPECT_LE(Sine(top.narrow(1, 0, 2), known.vectors.narrow(1, 0, 2)), 1e-8);
}

TEST(TopEigenvectorsTest, AStartChangesNothingButTheTime) {
  const Known known = KnownMatrix(Falling(640, 1.5, 2, 2e-5));
  const at::Tensor expected = TopEigenvectors(known.matrix, 2);
  const at::Tensor zero = at::zeros({640, 1}, at::kDouble);
  for (const at::Tensor& start :
       {known.vectors.narrow(1, 0, 3), known.vectors.narrow(1, 600, 2), zero,
        at::cat({known.vectors.narrow(1, 1, 1), zero}, 1)}) {
    EXPECT_LE(Sine(TopEigenvectors(known.matrix, 2, start), expected), 1e-6);
  }
}

TEST(TopEigenvectorsTest, EqualMatricesGiveEqualBits) {
  const Known known = KnownMatrix(Falling(640, 1.5, 16, 2e-5));
  EXPECT_TRUE(at::equal(TopEigenvectors(known.matrix, 16),
                        TopEigenvectors(known.matrix, 16)));
}

}  // namespace
}  // namespace gloce
