#include "erasure/moments.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gloce/base/error.h"

namespace gloce {
namespace {

// Levels by plain loops in double precision, against avg_pool2d.
std::vector<std::vector<double>> PlainLevels(const at::Tensor& x, int64_t h,
                                             int64_t w) {
  const at::Tensor map = x.to(at::kDouble).reshape({x.size(0), h, w, -1});
  std::vector<std::vector<double>> rows;
  std::vector<at::Tensor> levels{map};
  for (int level = 0; level < 3; ++level) {
    const at::Tensor last = levels.back();
    const int64_t half_h = last.size(1) / 2;
    const int64_t half_w = last.size(2) / 2;
    if (half_h < 1 || half_w < 1) break;
    at::Tensor next =
        at::zeros({x.size(0), half_h, half_w, x.size(2)}, at::kDouble);
    for (int64_t i = 0; i < half_h; ++i) {
      for (int64_t j = 0; j < half_w; ++j) {
        for (int64_t di = 0; di < 2; ++di) {
          for (int64_t dj = 0; dj < 2; ++dj) {
            next.select(1, i).select(1, j).add_(
                last.select(1, 2 * i + di).select(1, 2 * j + dj) / 4);
          }
        }
      }
    }
    levels.push_back(next);
  }
  for (const at::Tensor& level : levels) {
    const at::Tensor flat = level.reshape({-1, x.size(2)}).contiguous();
    for (int64_t r = 0; r < flat.size(0); ++r) {
      const auto* data = flat[r].data_ptr<double>();
      rows.emplace_back(data, data + flat.size(1));
    }
  }
  return rows;
}

TEST(PoolTokensTest, HasThreeFurtherLevels) {
  const at::Tensor x = at::randn({2, 64, 5});
  EXPECT_EQ(PoolTokens(x, 8, 8).size(0), 2 * (64 + 16 + 4 + 1));
}

TEST(PoolTokensTest, StopsWhereTheMapCannotBeHalved) {
  EXPECT_EQ(PoolTokens(at::randn({1, 16, 5}), 4, 4).size(0), 16 + 4 + 1);
  EXPECT_EQ(PoolTokens(at::randn({1, 32, 5}), 8, 4).size(0), 32 + 8 + 2);
  EXPECT_EQ(PoolTokens(at::randn({1, 3, 5}), 1, 3).size(0), 3);
}

TEST(PoolTokensTest, EqualsPlainLoopsWithOddSides) {
  at::manual_seed(2);
  for (const auto& [h, w] : {std::pair<int64_t, int64_t>{7, 10}, {16, 3}}) {
    const at::Tensor x = at::randn({2, h * w, 5});
    const at::Tensor got = PoolTokens(x, h, w);
    const auto expected = PlainLevels(x, h, w);
    ASSERT_EQ(got.size(0), static_cast<int64_t>(expected.size()));
    for (size_t r = 0; r < expected.size(); ++r) {
      EXPECT_TRUE(at::allclose(got[static_cast<int64_t>(r)],
                               at::tensor(expected[r], at::kDouble), 0, 1e-14))
          << h << ' ' << w << ' ' << r;
    }
  }
}

// Mean and covariance of everything, two passes in double precision.
TEST(MomentAccumulatorTest, EqualsAPlainTwoPassComputation) {
  at::manual_seed(3);
  // A large common offset, as real activations have: one-pass sums in float32
  // would lose the covariance.
  const at::Tensor x = at::randn({3, 64, 6}) * 0.1 + 10;
  MomentAccumulator accumulator(6, true);
  accumulator.Add(PoolTokens(x.narrow(0, 0, 1), 8, 8));
  accumulator.Add(PoolTokens(x.narrow(0, 1, 2), 8, 8));
  const Moments moments = ToMoments(accumulator.Take(), true);

  const auto rows = PlainLevels(x, 8, 8);
  const auto n = static_cast<double>(rows.size());
  std::vector<double> mean(6);
  for (const auto& row : rows) {
    for (size_t d = 0; d < 6; ++d) mean[d] += row[d] / n;
  }
  for (size_t a = 0; a < 6; ++a) {
    EXPECT_NEAR(moments.mean[static_cast<int64_t>(a)].item<double>(), mean[a],
                1e-6 * std::abs(mean[a]));
    for (size_t b = 0; b < 6; ++b) {
      double covariance = 0;
      for (const auto& row : rows) {
        covariance += (row[a] - mean[a]) * (row[b] - mean[b]) / n;
      }
      EXPECT_NEAR(
          moments.covariance[static_cast<int64_t>(a)][static_cast<int64_t>(b)]
              .item<double>(),
          covariance, 1e-6 * 0.01)
          << a << "," << b;
    }
  }
}

// Widths that are below, equal to and beyond a block's, and no multiple of it.
TEST(MomentAccumulatorTest, OuterSumsAreSymmetricAtEveryWidth) {
  at::manual_seed(5);
  for (const int64_t width : {1, 100, 128, 129, 300, 512}) {
    const at::Tensor rows = at::randn({40, width}, at::kDouble);
    MomentAccumulator accumulator(width, true);
    accumulator.Add(rows.narrow(0, 0, 30));
    accumulator.Add(rows.narrow(0, 30, 10));
    const MomentSums sums = accumulator.Take();
    const at::Tensor expected =
        (rows.unsqueeze(2) * rows.unsqueeze(1)).sum(0);  // Σ x xᵀ
    EXPECT_TRUE(at::allclose(sums.outer_sum, expected, 1e-12, 1e-12)) << width;
    EXPECT_TRUE(at::equal(sums.outer_sum, sums.outer_sum.t())) << width;
    EXPECT_TRUE(sums.outer_sum.is_contiguous()) << width;
  }
}

// The moments of two prompts' rows together, from the sums of each.
TEST(MomentSumsTest, SumsOfPartsAreTheSumsOfAll) {
  at::manual_seed(4);
  const at::Tensor a = at::randn({30, 5}, at::kDouble) + 1;
  const at::Tensor b = at::randn({10, 5}, at::kDouble) - 2;
  const auto sums_of = [](const at::Tensor& rows) {
    MomentAccumulator accumulator(5, true);
    accumulator.Add(rows);
    return accumulator.Take();
  };
  MomentSums joined;
  joined.Add(sums_of(a));
  joined.Add(sums_of(b));
  joined.Add(sums_of(b));  // counts twice
  const Moments moments = ToMoments(joined, true);
  const at::Tensor all = at::cat({a, b, b});
  const at::Tensor centred = all - all.mean(0);
  EXPECT_TRUE(at::allclose(moments.mean, all.mean(0), 0, 1e-14));
  EXPECT_TRUE(at::allclose(moments.covariance,
                           at::matmul(centred.t(), centred) / 50, 0, 1e-13));
}

TEST(MomentAccumulatorTest, ValuesThatAreNotFiniteAreAnError) {
  MomentAccumulator accumulator(2, false);
  accumulator.Add(at::tensor({1.0, std::nan("")}, at::kDouble).reshape({1, 2}));
  EXPECT_THROW(accumulator.Take(), Error);
}

TEST(MomentAccumulatorTest, NothingAddedIsAnError) {
  EXPECT_THROW(MomentAccumulator(2, true).Take(), Error);
}

TEST(TokenMapSizeTest, FollowsTheLatentsProportions) {
  EXPECT_EQ(TokenMapSize(4096, 64, 64), std::make_pair(64L, 64L));
  EXPECT_EQ(TokenMapSize(64, 64, 64), std::make_pair(8L, 8L));
  EXPECT_EQ(TokenMapSize(24 * 16, 96, 64), std::make_pair(24L, 16L));
  EXPECT_THROW(TokenMapSize(100, 64, 64), Error);
}

}  // namespace
}  // namespace gloce
