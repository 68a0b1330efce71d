#include "erasure/subspace.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

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

TEST(TopEigenvectorsTest, ARankAboveTheWidthGivesTheWholeSpace) {
  const at::Tensor top = TopEigenvectors(KnownMatrix({4, 3, 2}).matrix, 16);
  EXPECT_EQ(top.sizes(), at::IntArrayRef({3, 3}));
}

}  // namespace
}  // namespace gloce
