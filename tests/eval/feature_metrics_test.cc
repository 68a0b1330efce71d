// Fréchet and kernel distance against numpy and scipy
// (scripts/make_metrics_golden.py) and closed forms.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "eval/frechet_distance.h"
#include "eval/kernel_distance.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;

// (rows, width) float64, those of the script.
at::Tensor MadeFeatures(int64_t rows, int64_t width, int64_t side,
                        double offset) {
  at::Tensor features = at::empty({rows, width}, at::kDouble);
  auto at = features.accessor<double, 2>();
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < width; ++j) {
      const auto x = static_cast<double>(i), y = static_cast<double>(j),
                 s = static_cast<double>(side);
      at[i][j] =
          std::sin(1.7 * x * x + 2.3 * x * y + 0.9 * y + s) * (1 + 0.2 * y) +
          0.3 * s + offset;
    }
  }
  return features;
}

FeatureStatistics StatisticsOf(const at::Tensor& features, int64_t batch) {
  FeatureStatistics statistics;
  for (const at::Tensor& part : features.split(batch)) statistics.Add(part);
  return statistics;
}

json GoldenCases() {
  std::ifstream file(GLOCE_TEST_DATA "/golden/metrics.json");
  return json::parse(file)["cases"];
}

TEST(FeatureMetricsTest, EqualNumpyAndScipy) {
  const json cases = GoldenCases();
  ASSERT_EQ(cases.size(), 3u);
  for (const json& golden : cases) {
    SCOPED_TRACE(golden["name"].get<std::string>());
    const at::Tensor a =
        MadeFeatures(golden["rows_a"], golden["width"], 0, golden["offset"]);
    const at::Tensor b =
        MadeFeatures(golden["rows_b"], golden["width"], 1, golden["offset"]);
    const double frechet = golden["frechet"];
    EXPECT_NEAR(FrechetDistance(StatisticsOf(a, 3), StatisticsOf(b, 64)),
                frechet, 1e-6 * frechet);
    std::vector<KernelSubset> subsets;
    for (const json& pair : golden["subsets"])
      subsets.push_back({pair[0].get<std::vector<int64_t>>(), pair[1]});
    const double kernel = golden["kernel"];
    EXPECT_NEAR(KernelDistance(a, b, subsets), kernel, 1e-6 * std::abs(kernel));
  }
}

TEST(FeatureStatisticsTest, DoNotHangOnTheBatches) {
  const at::Tensor features = MadeFeatures(50, 7, 0, 1e6);
  const FeatureStatistics whole = StatisticsOf(features, 50);
  const at::Tensor centred = features - features.mean(0);
  const at::Tensor expected = centred.t().matmul(centred) / 49;
  for (const int64_t batch : {1, 8, 50}) {
    const FeatureStatistics parts = StatisticsOf(features, batch);
    EXPECT_EQ(parts.count(), 50);
    EXPECT_TRUE(at::allclose(parts.Mean(), features.mean(0), 1e-14));
    EXPECT_TRUE(at::allclose(parts.Covariance(), expected, 1e-8, 1e-9))
        << batch;
  }
  EXPECT_TRUE(at::allclose(whole.Mean(), features.mean(0), 1e-14));
}

TEST(FrechetDistanceTest, OfOneDimensionIsTheClosedForm) {
  const at::Tensor a = at::tensor({1.0, 2.0, 4.0, 9.0}).view({4, 1});
  const at::Tensor b = 3 * a + 5;
  const double mean = 4, deviation = std::sqrt(38.0 / 3);
  // (μ_a − μ_b)² + (σ_a − σ_b)²
  EXPECT_NEAR(FrechetDistance(StatisticsOf(a, 4), StatisticsOf(b, 4)),
              std::pow(2 * mean + 5, 2) + std::pow(2 * deviation, 2), 1e-9);
}

TEST(FrechetDistanceTest, OfEqualPicturesIsNearNothing) {
  const FeatureStatistics a = StatisticsOf(MadeFeatures(9, 16, 0, 0), 4);
  EXPECT_LT(FrechetDistance(a, a), 1e-10);
}

TEST(FrechetDistanceTest, NeedsTwoPicturesAndEqualWidths) {
  const FeatureStatistics two = StatisticsOf(MadeFeatures(2, 4, 0, 0), 2);
  EXPECT_THROW(FrechetDistance(two, StatisticsOf(MadeFeatures(1, 4, 0, 0), 1)),
               Error);
  EXPECT_THROW(FrechetDistance(two, StatisticsOf(MadeFeatures(2, 5, 0, 0), 2)),
               Error);
  EXPECT_THROW(FeatureStatistics().Mean(), Error);
}

TEST(FeatureStatisticsTest, RefusesWhatIsNoFeature) {
  FeatureStatistics statistics;
  EXPECT_THROW(statistics.Add(at::zeros({4})), Error);
  at::Tensor bad = at::zeros({2, 3});
  bad[1][2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(statistics.Add(bad), Error);
  statistics.Add(at::zeros({2, 3}));
  EXPECT_THROW(statistics.Add(at::zeros({2, 4})), Error);
  EXPECT_EQ(statistics.count(), 2);
}

TEST(KernelDistanceTest, RandomSubsetsHaveNoRowTwice) {
  const std::vector<KernelSubset> subsets = RandomSubsets(20, 12, 50, 8, 3);
  ASSERT_EQ(subsets.size(), 50u);
  std::set<int64_t> drawn;
  for (const KernelSubset& subset : subsets) {
    EXPECT_EQ(std::set(subset.a.begin(), subset.a.end()).size(), 8u);
    EXPECT_EQ(std::set(subset.b.begin(), subset.b.end()).size(), 8u);
    EXPECT_LT(*std::max_element(subset.b.begin(), subset.b.end()), 12);
    drawn.insert(subset.a.begin(), subset.a.end());
  }
  EXPECT_EQ(drawn.size(), 20u);
  EXPECT_EQ(RandomSubsets(20, 12, 50, 8, 3)[7].a, subsets[7].a);
  EXPECT_NE(RandomSubsets(20, 12, 50, 8, 4)[7].a, subsets[7].a);
  EXPECT_EQ(RandomSubsets(20, 12, 1, 1000, 0)[0].a.size(), 12u);
}

TEST(KernelDistanceTest, RefusesUselessSubsets) {
  const at::Tensor a = MadeFeatures(5, 4, 0, 0);
  EXPECT_THROW(KernelDistance(a, a, {}), Error);
  EXPECT_THROW(KernelDistance(a, a, {{{0}, {1}}}), Error);
  EXPECT_THROW(KernelDistance(a, a, {{{0, 1}, {1, 2, 3}}}), Error);
  EXPECT_THROW(KernelDistance(a, MadeFeatures(5, 3, 0, 0), {{{0, 1}, {1, 2}}}),
               Error);
}

}  // namespace
}  // namespace gloce
