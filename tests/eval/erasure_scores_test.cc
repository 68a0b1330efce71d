#include "eval/erasure_scores.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gloce {
namespace {

TEST(ErasureScoresTest, AreThePapersFormula) {
  const ErasureScores scores = ScoresOf({1000, 19}, {1000, 886});
  EXPECT_DOUBLE_EQ(scores.erased_accuracy, 0.019);
  EXPECT_DOUBLE_EQ(scores.kept_accuracy, 0.886);
  EXPECT_NEAR(scores.harmonic_mean, 2 / (1 / 0.981 + 1 / 0.886), 1e-15);
}

TEST(ErasureScoresTest, EndsAreExact) {
  EXPECT_EQ(ScoresOf({5, 0}, {7, 7}).harmonic_mean, 1);
  EXPECT_EQ(ScoresOf({5, 5}, {7, 7}).harmonic_mean, 0);  // nothing was erased
  EXPECT_EQ(ScoresOf({5, 0}, {7, 0}).harmonic_mean, 0);  // everything was
  EXPECT_EQ(ScoresOf({5, 5}, {7, 0}).harmonic_mean, 0);
}

TEST(ErasureScoresTest, WithoutPicturesOfAKindThereIsNone) {
  EXPECT_TRUE(std::isnan(ScoresOf({}, {7, 7}).harmonic_mean));
  EXPECT_TRUE(std::isnan(ScoresOf({5, 0}, {}).harmonic_mean));
  EXPECT_EQ(ScoresOf({}, {4, 3}).kept_accuracy, 0.75);
}

}  // namespace
}  // namespace gloce
