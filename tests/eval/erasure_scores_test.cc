#include "eval/erasure_scores.h"

#include <gtest/gtest.h>

namespace gloce {
namespace {

TEST(ErasureScoresTest, AreThePapersFormula) {
  EXPECT_NEAR(HarmonicMean(0.019, 0.886), 2 / (1 / 0.981 + 1 / 0.886), 1e-15);
}

TEST(ErasureScoresTest, EndsAreExact) {
  EXPECT_EQ(HarmonicMean(0, 1), 1);
  EXPECT_EQ(HarmonicMean(1, 1), 0);  // nothing was erased
  EXPECT_EQ(HarmonicMean(0, 0), 0);  // everything was
  EXPECT_EQ(HarmonicMean(1, 0), 0);
}

}  // namespace
}  // namespace gloce
