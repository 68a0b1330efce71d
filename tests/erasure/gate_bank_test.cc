#include "erasure/gate_bank.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace gloce {
namespace {

// p(x) by the definition, in double precision, one token and concept at a time.
double PlainProjection(const at::Tensor& x, const at::Tensor& basis,
                       const at::Tensor& mean) {
  const at::Tensor y = x.to(at::kDouble) - mean.to(at::kDouble);
  const at::Tensor projected = at::matmul(basis.to(at::kDouble).t(), y);
  return (projected.square().sum() / y.square().sum()).item<double>();
}

struct Case {
  at::Tensor basis, means;
};

// N concepts whose surrogates alternate between two.
Case MakeCase(int64_t n, int64_t d, int64_t rank) {
  at::manual_seed(4);
  at::Tensor basis = at::empty({n, d, rank});
  at::Tensor means = at::empty({n, d});
  const at::Tensor shared = at::randn({2, d});
  for (int64_t i = 0; i < n; ++i) {
    basis[i].copy_(std::get<0>(at::linalg_qr(at::randn({d, rank}))));
    means[i].copy_(shared[i % 2]);
  }
  return {basis, means};
}

TEST(GateBankTest, EqualsTheDefinitionForSharedAndDistinctSurrogates) {
  for (const int64_t rank : {1, 3}) {
    const Case c = MakeCase(5, 24, rank);
    const at::Tensor rows = at::randn({7, 24}) + 5;  // far from the origin
    const at::Tensor p =
        GateBank(c.basis, c.means, c10::Device(at::kCPU)).Projections(rows);
    ASSERT_EQ(p.sizes(), at::IntArrayRef({7, 5}));
    for (int64_t m = 0; m < 7; ++m) {
      for (int64_t n = 0; n < 5; ++n) {
        EXPECT_NEAR(p[m][n].item<double>(),
                    PlainProjection(rows[m], c.basis[n], c.means[n]), 1e-6);
      }
    }
  }
}

TEST(GateBankTest, ATokenInTheSubspaceHasOneAndAtTheReferenceZero) {
  const Case c = MakeCase(1, 16, 2);
  const at::Tensor inside = c.means[0] + at::matmul(c.basis[0], at::ones({2}));
  const at::Tensor rows = at::stack({inside, c.means[0]});
  const at::Tensor p =
      GateBank(c.basis, c.means, c10::Device(at::kCPU)).Projections(rows);
  EXPECT_NEAR(p[0][0].item<double>(), 1, 1e-6);
  EXPECT_EQ(p[1][0].item<double>(), 0);
}

}  // namespace
}  // namespace gloce
