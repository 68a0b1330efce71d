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
                  const Concepts& c, double strength = kStrength,
                  bool in_place = false) {
  return UpdateTokens(rows, widest,
                      {c.map_up, c.map_down, c.mapping_mean, c.target_mean,
                       c.eta, ClosedLogits(c.eta, strength)},
                      strength, in_place);
}

// x' of one token by the definition, in double precision.
at::Tensor PlainUpdate(const at::Tensor& token, double logit, int64_t n,
                       const Concepts& c, double strength = kStrength) {
  const auto of = [n](const at::Tensor& t) { return t[n].to(at::kDouble); };
  const at::Tensor x = token.to(at::kDouble);
  const at::Tensor coordinates = at::mv(of(c.map_down), x - of(c.target_mean));
  const at::Tensor update =
      of(c.eta) * (of(c.mapping_mean) + at::mv(of(c.map_up).t(), coordinates));
  return x + strength / (1 + std::exp(-logit)) * (update - x);
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
      if (logit > -18.5) continue;  // of η up to 2
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

TEST(TokenUpdateTest, InPlaceGivesTheSameBits) {
  const Concepts c = RandomConcepts(3, 2, 50);
  const at::Tensor rows = at::randn({2000, 50});
  const WidestGates widest{at::randn({2000}) * 20,
                           at::randint(3, {2000}, at::kLong)};
  const at::Tensor given = rows.clone();
  const at::Tensor expected = Update(rows, widest, c);
  EXPECT_TRUE(rows.equal(given));
  EXPECT_TRUE(Update(rows, widest, c, kStrength, true).is_same(rows));
  EXPECT_TRUE(rows.equal(expected));
}

// −18 for η = 1, as it follows from float32's spacing; lower the more a gate
// can change.
TEST(TokenUpdateTest, GatesAreClosedByWhatTheyCanChange) {
  const at::Tensor eta = at::tensor({1.0F, -1.0F, 0.0F, 5.0F, 1e6F});
  for (const double strength : {0.5, 1.0, 100.0}) {
    const at::Tensor closed = ClosedLogits(eta, strength);
    for (int64_t n = 0; n < eta.size(0); ++n) {
      const double change = std::max(strength, 1.0) *
                            (1 + std::abs(eta[n].item<double>())) /
                            (1 + std::exp(-closed[n].item<double>()));
      EXPECT_NEAR(change, std::exp2(-25), 1e-5 * std::exp2(-25));
    }
    EXPECT_TRUE(closed[0].equal(closed[1]));
  }
  EXPECT_NEAR(ClosedLogits(eta, 1)[0].item<double>(), -18.02, 0.01);
}

TEST(TokenUpdateTest, AnAlmostClosedGateActsWhereEtaOrStrengthIsLarge) {
  for (const auto& [eta, strength] :
       {std::pair(1e6, 1.0), std::pair(1.0, 1e5), std::pair(-1e4, 10.0)}) {
    at::manual_seed(7);
    Concepts c = RandomConcepts(1, 2, 32);
    c.eta.fill_(eta);
    const at::Tensor rows = at::randn({4, 32});
    for (const double logit : {-18.5, -21.0, -24.0}) {
      const at::Tensor got = Update(
          rows, {at::full({4}, logit), at::zeros({4}, at::kLong)}, c, strength);
      for (int64_t m = 0; m < 4; ++m) {
        const at::Tensor expected = PlainUpdate(rows[m], logit, 0, c, strength);
        EXPECT_LE(((got[m] - expected).norm() / expected.norm()).item<double>(),
                  1e-6)
            << "eta " << eta << ", strength " << strength << ", " << logit;
      }
    }
  }
}

}  // namespace
}  // namespace gloce
