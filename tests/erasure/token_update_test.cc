#include "erasure/token_update.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace gloce {
namespace {

constexpr double kStrength = 0.75;

struct Concepts {
  at::Tensor map_up, map_down, mapping_mean, target_mean, eta;
};

Concepts RandomConcepts(int64_t n, int64_t rank, int64_t width) {
  return {at::randn({n, rank, width}), at::randn({n, rank, width}),
          at::randn({n, width}), at::randn({n, width}), at::rand({n}) + 1};
}

at::Tensor Update(const at::Tensor& rows, const WidestGates& widest,
                  const Concepts& c) {
  return UpdateTokens(
      rows, widest,
      {c.map_up, c.map_down, c.mapping_mean, c.target_mean, c.eta}, kStrength);
}

// x' of one token by the definition, in double precision.
at::Tensor PlainUpdate(const at::Tensor& token, double logit, int64_t n,
                       const Concepts& c) {
  const auto of = [n](const at::Tensor& t) { return t[n].to(at::kDouble); };
  const at::Tensor x = token.to(at::kDouble);
  const at::Tensor coordinates = at::mv(of(c.map_down), x - of(c.target_mean));
  const at::Tensor update =
      of(c.eta) * (of(c.mapping_mean) + at::mv(of(c.map_up).t(), coordinates));
  return x + kStrength / (1 + std::exp(-logit)) * (update - x);
}

// Widths that do and do not fill vector registers; tokens for several threads.
TEST(TokenUpdateTest, EqualsTheDefinitionTokenByToken) {
  for (const auto& [tokens, rank, width] :
       {std::tuple(2100, 2, 64), std::tuple(37, 3, 27), std::tuple(5, 1, 9)}) {
    at::manual_seed(6);
    const Concepts c = RandomConcepts(4, rank, width);
    const at::Tensor rows = at::randn({tokens, width});
    const WidestGates widest{at::randn({tokens}) * 20,
                             at::randint(4, {tokens}, at::kLong)};
    const at::Tensor got = Update(rows, widest, c);
    int64_t closed = 0;
    for (int64_t m = 0; m < tokens; ++m) {
      const double logit = widest.logit[m].item<double>();
      const at::Tensor expected =
          PlainUpdate(rows[m], logit, widest.concepts[m].item<int64_t>(), c);
      const double error =
          ((got[m] - expected).norm() / expected.norm()).item<double>();
      ASSERT_LE(error, 2e-6) << "token " << m << ", width " << width;
      if (logit > -18) continue;
      ++closed;
      EXPECT_TRUE(got[m].equal(rows[m]));
    }
    EXPECT_TRUE(closed > 0 || tokens < 10) << "no gate was closed";
  }
}

TEST(TokenUpdateTest, ClosedGatesGiveTheTokensThemselves) {
  const Concepts c = RandomConcepts(2, 2, 16);
  const at::Tensor rows = at::randn({3, 16});
  const WidestGates closed{
      at::tensor({-19.0F, -std::numeric_limits<float>::infinity(),
                  std::numeric_limits<float>::quiet_NaN()}),
      at::zeros({3}, at::kLong)};
  EXPECT_TRUE(Update(rows, closed, c).is_same(rows));
}

}  // namespace
}  // namespace gloce
