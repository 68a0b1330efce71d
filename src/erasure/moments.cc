#include "erasure/moments.h"

#include <ATen/ATen.h>

#include <cmath>

#include "gloce/base/error.h"

namespace gloce {
namespace {

constexpr int kPoolingLevels = 3;

}  // namespace

std::pair<int64_t, int64_t> TokenMapSize(int64_t tokens, int64_t latent_height,
                                         int64_t latent_width) {
  // T = (H / f) · (W / f) for a network that halves f = 1, 2, 4, … times,
  // rounding up at odd sides.
  int64_t height = latent_height;
  int64_t width = latent_width;
  while (height * width > tokens && (height > 1 || width > 1)) {
    height = (height + 1) / 2;
    width = (width + 1) / 2;
  }
  if (height * width != tokens) {
    throw Error("a layer has " + std::to_string(tokens) +
                " image tokens, which is no map of the "
                "latents' " +
                std::to_string(latent_height) + "×" +
                std::to_string(latent_width));
  }
  return {height, width};
}

at::Tensor PoolTokens(const at::Tensor& x, int64_t height, int64_t width) {
  const int64_t batch = x.size(0);
  const int64_t features = x.size(2);
  std::vector<at::Tensor> levels{x.to(at::kDouble).reshape({-1, features})};
  at::Tensor map =
      levels[0].reshape({batch, height, width, features}).permute({0, 3, 1, 2});
  for (int level = 0; level < kPoolingLevels; ++level) {
    if (map.size(2) < 2 || map.size(3) < 2) break;
    map = at::avg_pool2d(map, {2, 2}, {2, 2});
    levels.push_back(map.permute({0, 2, 3, 1}).reshape({-1, features}));
  }
  return at::cat(levels, 0);
}

MomentAccumulator::MomentAccumulator(int64_t width, bool with_covariance)
    : width_(width), with_covariance_(with_covariance) {}

void MomentAccumulator::Add(const at::Tensor& rows) {
  if (!sum_.defined()) {
    sum_ = at::zeros({width_}, rows.options());
    if (with_covariance_)
      outer_sum_ = at::zeros({width_, width_}, rows.options());
  }
  count_ += rows.size(0);
  sum_.add_(rows.sum(0));
  if (with_covariance_) outer_sum_.addmm_(rows.t(), rows);
}

MomentSums MomentAccumulator::Take() {
  if (count_ == 0)
    throw Error("statistics: no activation fell into the window");
  MomentSums sums{count_, sum_.cpu(), {}};
  if (with_covariance_) sums.outer_sum = outer_sum_.cpu();
  sum_ = outer_sum_ = at::Tensor();
  // A value that is not finite makes its column's sum so.
  if (!std::isfinite(sums.sum.sum().item<double>())) {
    throw Error(
        "statistics: the network gave values that are not finite; use --dtype "
        "float32");
  }
  return sums;
}

void MomentSums::Add(const MomentSums& other) {
  count += other.count;
  sum = sum.defined() ? sum.add_(other.sum) : other.sum.clone();
  if (!other.outer_sum.defined()) return;
  outer_sum = outer_sum.defined() ? outer_sum.add_(other.outer_sum)
                                  : other.outer_sum.clone();
}

Moments ToMoments(const MomentSums& sums, bool with_covariance) {
  if (sums.count == 0)
    throw Error("statistics: no activation fell into the window");
  const auto count = static_cast<double>(sums.count);
  Moments moments{sums.sum / count, {}};
  if (with_covariance) {
    moments.covariance =
        sums.outer_sum / count - at::outer(moments.mean, moments.mean);
  }
  return moments;
}

}  // namespace gloce
