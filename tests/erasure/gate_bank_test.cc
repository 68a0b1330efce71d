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

TEST(GateProjectionsTest, ATokenAtTheReferenceHasZeroAndInTheSubspaceOne) {
  const Case c = MakeCase(1, 24, 2);
  const at::Tensor mean = c.means[0];
  const at::Tensor inside = mean + at::matmul(c.basis[0], at::ones({2}));
  const at::Tensor p = GateProjections(
      CentreRows(at::stack({mean, inside}), mean), c.basis[0], 2);
  EXPECT_EQ(p[0][0].item<double>(), 0);
  EXPECT_NEAR(p[1][0].item<double>(), 1, 1e-6);
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

// p of all tokens and concepts by the definition, in double precision: (M, N).
at::Tensor PlainProjections(const at::Tensor& rows, const Case& c) {
  const at::Tensor y =
      rows.to(at::kDouble).unsqueeze(1) - c.means.to(at::kDouble);  // (M, N, D)
  const at::Tensor along =
      at::einsum("mnd,ndr->mnr", {y, c.basis.to(at::kDouble)});
  return along.square().sum(2) / y.square().sum(2);
}

// N concepts, each with its own surrogate, `spread` apart, and tokens from 1e-3
// to 10 away from one of them.
Case MakeDistinct(int64_t n, int64_t d, int64_t rank, double spread) {
  Case c = MakeCase(n, d, rank);
  c.means = at::randn({1, d}) * 3 + at::randn({n, d}) * spread;
  return c;
}

at::Tensor TokensAround(const at::Tensor& means, int64_t count) {
  const at::Tensor nearest =
      means.index_select(0, at::arange(count) % means.size(0));
  return nearest + at::randn({count, means.size(1)}) *
                       at::logspace(-3, 1, count).unsqueeze(1);
}

TEST(GateBankTest, DistinctSurrogatesEqualTheDefinitionFarAwayAndVeryNear) {
  for (const double spread : {0.02, 1.0, 10.0}) {
    for (const auto& [d, rank] : {std::pair(27, 2), std::pair(320, 1)}) {
      const Case c = MakeDistinct(30, d, rank, spread);
      const at::Tensor rows = TokensAround(c.means, 400);
      const at::Tensor p =
          GateBank(c.basis, c.means, c10::Device(at::kCPU)).Projections(rows);
      EXPECT_LE((p - PlainProjections(rows, c)).abs().max().item<double>(),
                1e-6)
          << "surrogates " << spread << " apart, width " << d;
    }
  }
}

TEST(GateBankTest, ATokenThatIsOneOfManySurrogatesHasZeroThere) {
  const Case c = MakeDistinct(5, 16, 1, 1);
  const at::Tensor p =
      GateBank(c.basis, c.means, c10::Device(at::kCPU)).Projections(c.means);
  EXPECT_TRUE(p.diagonal().equal(at::zeros({5})));
  EXPECT_FALSE(p.isnan().any().item<bool>());
}

// Two concepts may share one surrogate of several, at any place of the order.
TEST(GateBankTest, SharedAndDistinctSurrogatesMix) {
  Case c = MakeDistinct(6, 24, 2, 1);
  c.means[4].copy_(c.means[1]);
  c.means[5].copy_(c.means[0]);
  const at::Tensor rows = TokensAround(c.means, 60);
  const at::Tensor p =
      GateBank(c.basis, c.means, c10::Device(at::kCPU)).Projections(rows);
  EXPECT_LE((p - PlainProjections(rows, c)).abs().max().item<double>(), 1e-6);
}

TEST(GateBankTest, TheWidestOfDistinctSurrogatesIsThatOfTheDefinition) {
  constexpr double kSlope = 3063, kTie = kSlope * 2e-6;
  const int64_t n = 300, m = 2500;
  const Case c = MakeDistinct(n, 64, 1, 0.5);
  const at::Tensor rows = TokensAround(c.means, m);
  const at::Tensor slope = at::full({n}, kSlope);
  const at::Tensor center = at::rand({n}) * 0.1 + 0.05;
  const WidestGates widest = GateBank(c.basis, c.means, c10::Device(at::kCPU))
                                 .Widest(rows, slope, center, {});
  const at::Tensor logits = kSlope * (PlainProjections(rows, c) - center);
  const auto [two, order] = logits.topk(2, 1);
  const at::Tensor tied = two.select(1, 0) - two.select(1, 1) <= kTie;
  const at::Tensor same = widest.concepts == order.select(1, 0);
  EXPECT_TRUE((same | tied).all().item<bool>());
  EXPECT_LT(tied.sum().item<int64_t>(), m / 10) << "hardly a choice was tested";
  EXPECT_LE((widest.logit - two.select(1, 0)).abs().max().item<double>(), kTie);
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

// Enough concepts and tokens for several blocks.
TEST(GateBankTest, TheWidestGateIsThatOfTheLargestLogitInEveryBlock) {
  const int64_t n = 700, m = 1700;
  const Case c = MakeCase(n, 8, 1);
  const at::Tensor rows = at::randn({m, 8});
  const at::Tensor slope = at::rand({n}) + 100, center = at::rand({n});
  const GateBank bank(c.basis, c.means, c10::Device(at::kCPU));
  const WidestGates widest = bank.Widest(rows, slope, center, {});
  const at::Tensor logits =
      slope.to(at::kDouble) *
      (bank.Projections(rows).to(at::kDouble) - center.to(at::kDouble));
  const at::Tensor largest = std::get<0>(logits.max(1));
  EXPECT_LE((widest.logit - largest).abs().max().item<double>(), 1e-4);
  const at::Tensor chosen =
      logits.gather(1, widest.concepts.unsqueeze(1)).squeeze(1);
  EXPECT_LE((chosen - largest).abs().max().item<double>(), 1e-4);
}

TEST(GateBankTest, OfEqualGatesTheFirstActsWhateverItsSurrogate) {
  Case c = MakeCase(5, 16, 1);
  for (const int64_t i : {2, 4}) c.basis[i].copy_(c.basis[0]);  // one surrogate
  const at::Tensor slope = at::full({5}, 100.0);
  const at::Tensor center = at::tensor({0.0F, 5.0F, 0.0F, 5.0F, 0.0F});
  const GateBank bank(c.basis, c.means, c10::Device(at::kCPU));
  const WidestGates widest = bank.Widest(at::randn({9, 16}), slope, center, {});
  EXPECT_TRUE(widest.concepts.equal(at::zeros({9}, at::kLong)));

  // Bases of zeros: p = 0 of every token, so gates of two surrogates tie.
  const Case blind{at::zeros({4, 16, 1}), c.means.narrow(0, 0, 4)};
  const WidestGates tied =
      GateBank(blind.basis, blind.means, c10::Device(at::kCPU))
          .Widest(at::randn({9, 16}), slope.narrow(0, 0, 4),
                  at::tensor({3.0F, 1.0F, 1.0F, 1.0F}), {});
  EXPECT_TRUE(tied.concepts.equal(at::ones({9}, at::kLong)));
}

TEST(GateBankTest, WaitingConceptsHaveNoGate) {
  const Case c = MakeCase(2, 16, 1);
  const at::Tensor slope = at::full({2}, 100.0),
                   center = at::tensor({0.0F, 9.0F});
  const GateBank bank(c.basis, c.means, c10::Device(at::kCPU));
  const at::Tensor rows = at::randn({4, 16});
  const auto widest = [&](bool first, bool second) {
    return bank.Widest(rows, slope, center,
                       at::tensor({int{first}, int{second}}).to(at::kBool));
  };
  EXPECT_TRUE(widest(false, false).concepts.equal(at::zeros({4}, at::kLong)));
  EXPECT_TRUE(widest(true, false).concepts.equal(at::ones({4}, at::kLong)));
  EXPECT_TRUE(widest(true, true).logit.isinf().all().item<bool>());
}

}  // namespace
}  // namespace gloce
