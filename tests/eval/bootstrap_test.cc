#include "eval/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace gloce {
namespace {

TEST(BootstrapTest, OfAMeanIsThatOfTheNormalDistribution) {
  // 400 pictures, 100 of them hits: 0.25 ± 1.96 √(p (1 − p) / n). A thousand
  // resamples find each end to some 5 % of the half width.
  std::vector<double> values(400, 0.0);
  for (size_t k = 0; k < values.size(); k += 4) values[k] = 1;
  const Interval interval = BootstrapMean(values);
  const double half = 1.959964 * std::sqrt(0.25 * 0.75 / 400);
  EXPECT_NEAR(interval.low, 0.25 - half, 0.1 * half);
  EXPECT_NEAR(interval.high, 0.25 + half, 0.1 * half);
}

TEST(BootstrapTest, EqualValuesLeaveNoDoubt) {
  const Interval interval = BootstrapMean(std::vector<double>(30, 0.5));
  EXPECT_EQ(interval.low, 0.5);
  EXPECT_EQ(interval.high, 0.5);
}

TEST(BootstrapTest, DrawsEachSampleAtItsOwnSize) {
  BootstrapSettings settings;
  settings.resamples = 20;
  int64_t calls = 0;
  Bootstrap(
      {3, 0, 50},
      [&](const std::vector<DrawCounts>& counts) {
        ++calls;
        EXPECT_EQ(counts.size(), 3u);
        for (const size_t size : {counts[0].size(), counts[2].size()})
          EXPECT_TRUE(size == 3 || size == 50);
        for (const DrawCounts& sample : counts) {
          EXPECT_EQ(std::accumulate(sample.begin(), sample.end(), int64_t{0}),
                    static_cast<int64_t>(sample.size()));
        }
        return 0.0;
      },
      settings);
  EXPECT_EQ(calls, 20);
}

TEST(BootstrapTest, TheSeedDecides) {
  std::vector<double> values(25);
  std::iota(values.begin(), values.end(), 0.0);
  BootstrapSettings settings;
  const Interval first = BootstrapMean(values, settings);
  EXPECT_EQ(BootstrapMean(values, settings).low, first.low);
  settings.seed = 1;
  EXPECT_NE(BootstrapMean(values, settings).low, first.low);
}

TEST(BootstrapTest, AWiderConfidenceIsAWiderInterval) {
  std::vector<double> values(25);
  std::iota(values.begin(), values.end(), 0.0);
  BootstrapSettings settings;
  const Interval narrow = BootstrapMean(values, settings);
  settings.confidence = 0.99;
  const Interval wide = BootstrapMean(values, settings);
  EXPECT_LT(wide.low, narrow.low);
  EXPECT_GT(wide.high, narrow.high);
}

TEST(BootstrapTest, WhatIsNoNumberIsLeftOut) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  int64_t call = 0;
  const auto every_other = [&](const std::vector<DrawCounts>&) {
    return ++call % 2 ? kNone : 3.0;
  };
  EXPECT_EQ(Bootstrap({1}, every_other).low, 3);
  const auto never = [&](const std::vector<DrawCounts>&) { return kNone; };
  EXPECT_TRUE(std::isnan(Bootstrap({1}, never).high));
  EXPECT_TRUE(std::isnan(BootstrapMean({}).low));
}

}  // namespace
}  // namespace gloce
