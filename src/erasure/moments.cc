#include "erasure/moments.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "gloce/base/error.h"

namespace gloce {
namespace {

constexpr int kPoolingLevels = 3;

// Σxxᵀ is symmetric, so only blocks on and above the diagonal are computed, in
// bands of so many rows. Measured at D = 320, 640 and 1280 on a CPU: 64 to 128
// are best, half of them wastes time in calls, twice of them in what lies below
// the diagonal.
constexpr int64_t kBlock = 128;

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
  int64_t count = batch * height * width;
  for (int64_t h = height, w = width, level = 0; level < kPoolingLevels;
       ++level)
    count += batch * (h /= 2) * (w /= 2);
  // Every level is computed where it stays, from the one before.
  at::Tensor rows =
      at::empty({count, features}, x.options().dtype(at::kDouble));
  int64_t begin = 0;
  const auto next_map = [&](int64_t h, int64_t w) {
    const int64_t size = batch * h * w;
    begin += size;
    return rows.narrow(0, begin - size, size).view({batch, h, w, features});
  };
  at::Tensor map = next_map(height, width);
  map.copy_(x.reshape({batch, height, width, features}));
  for (int level = 0; level < kPoolingLevels; ++level) {
    const int64_t h = map.size(1) / 2;
    const int64_t w = map.size(2) / 2;
    if (h == 0 || w == 0) break;
    const auto corner = [&](int64_t y, int64_t x0) {
      return map.slice(1, y, 2 * h, 2).slice(2, x0, 2 * w, 2);
    };
    at::Tensor pooled = next_map(h, w);
    at::add_out(pooled, corner(0, 0), corner(0, 1));
    pooled.add_(corner(1, 0)).add_(corner(1, 1)).mul_(0.25);
    map = pooled;
  }
  return rows;
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
  if (with_covariance_) AddOuterProducts(rows);
}

void MomentAccumulator::AddOuterProducts(const at::Tensor& rows) {
  for (int64_t begin = 0; begin < width_; begin += kBlock) {
    const int64_t height = std::min(kBlock, width_ - begin);
    const int64_t width = width_ - begin;
    outer_sum_.narrow(0, begin, height)
        .narrow(1, begin, width)
        .addmm_(rows.narrow(1, begin, height).t(),
                rows.narrow(1, begin, width));
  }
}

MomentSums MomentAccumulator::Take() {
  if (count_ == 0)
    throw Error("statistics: no activation fell into the window");
  MomentSums sums{count_, sum_.cpu(), {}};
  if (with_covariance_) {
    sums.outer_sum = outer_sum_.triu().cpu();
    sums.outer_sum.add_(sums.outer_sum.triu(1).t());
  }
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
