#include "erasure/gate_score_collector.h"

#include <gtest/gtest.h>

#include "gloce/base/error.h"

namespace gloce {
namespace {

TEST(ThresholdTest, IsMeanPlusTauUnbiasedDeviations) {
  // mean 0.3, unbiased variance 0.01.
  const GateThreshold threshold = ThresholdFromScores({0.2, 0.3, 0.4}, 2.5);
  EXPECT_NEAR(threshold.center, 0.3 + 2.5 * 0.1, 1e-12);
  // Exactly ln 99 / .0025.
  EXPECT_NEAR(threshold.slope, 1838.04794, 1e-5);
}

TEST(ThresholdTest, OpensToNinetyNinePercentAThousandthOfTauAbove) {
  const double tau = 1.5;
  const GateThreshold threshold = ThresholdFromScores({0.2, 0.4}, tau);
  const double logit = threshold.slope * 0.001 * tau;
  EXPECT_NEAR(1 / (1 + std::exp(-logit)), 0.99, 1e-12);
}

TEST(ThresholdTest, OneScoreIsTooFew) {
  EXPECT_THROW(ThresholdFromScores({0.2}, 2.5), Error);
}

}  // namespace
}  // namespace gloce
