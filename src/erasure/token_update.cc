#include "erasure/token_update.h"

#include <ATen/ATen.h>
#include <ATen/TensorIterator.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace gloce {
namespace {

// sigmoid(−18) = 1.5e-8, an eighth of float32's relative spacing. Below this a
// token whose update is of its own size stays the same number, so it is left
// out.
constexpr float kInactiveLogit = -18.0F;

// Values that one thread handles at least.
constexpr int64_t kGrain = 32768;

// Sums in lanes, which the compiler keeps in vector registers; a plain loop
// would have to add in order.
constexpr int64_t kLanes = 16;

// aᵀ(x − mean)
float CentredDot(const float* a, const float* x, const float* mean,
                 int64_t width) {
  float sums[kLanes] = {};
  int64_t d = 0;
  for (; d + kLanes <= width; d += kLanes) {
    for (int64_t i = 0; i < kLanes; ++i)
      sums[i] += a[d + i] * (x[d + i] - mean[d + i]);
  }
  for (int64_t i = 0; d < width; ++d, ++i) sums[i] += a[d] * (x[d] - mean[d]);
  return std::accumulate(sums, sums + kLanes, 0.0F);
}

// The kernel on raw memory.
class TokenUpdate {
 public:
  TokenUpdate(const ConceptMaps& maps, double strength)
      : width_(maps.target_mean.size(1)),
        rank_(maps.map_up.size(1)),
        map_up_(maps.map_up.const_data_ptr<float>()),
        map_down_(maps.map_down.const_data_ptr<float>()),
        mapping_mean_(maps.mapping_mean.const_data_ptr<float>()),
        target_mean_(maps.target_mean.const_data_ptr<float>()),
        eta_(maps.eta.const_data_ptr<float>()),
        strength_(static_cast<float>(strength)) {}

  // x' of the token x (D), both in `out`.
  void operator()(const float* x, int64_t n, float logit, float* out) const {
    const float gate = strength_ / (1 + std::exp(-logit));
    const float* mean = target_mean_ + n * width_;
    std::copy_n(mapping_mean_ + n * width_, width_, out);
    for (int64_t r = 0; r < rank_; ++r) {
      const int64_t row = (n * rank_ + r) * width_;
      const float coordinate = CentredDot(map_down_ + row, x, mean, width_);
      const float* up = map_up_ + row;
      for (int64_t d = 0; d < width_; ++d) out[d] += up[d] * coordinate;
    }
    for (int64_t d = 0; d < width_; ++d)
      out[d] = x[d] + gate * (eta_[n] * out[d] - x[d]);
  }

 private:
  int64_t width_, rank_;  // D, R1
  const float *map_up_, *map_down_, *mapping_mean_, *target_mean_, *eta_;
  float strength_;
};

// Calls `each(first, last)` for ranges of tokens, on LibTorch's own threads:
// at::parallel_for is serial in a file that is compiled without OpenMP, and a
// second OpenMP runtime would compete for the cores.
template <typename Each>
void ForTokens(const at::Tensor& concepts, int64_t grain, const Each& each) {
  const auto* base =
      reinterpret_cast<const char*>(concepts.const_data_ptr<int64_t>());
  auto iterator = at::TensorIterator::borrowing_nullary_op(concepts);
  iterator.for_each(
      [&](char** data, const int64_t*, int64_t inner, int64_t outer) {
        const int64_t first =
            (data[0] - base) / static_cast<int64_t>(sizeof(int64_t));
        each(first, first + inner * outer);
      },
      grain);
}

}  // namespace

at::Tensor UpdateTokens(const at::Tensor& rows, const WidestGates& widest,
                        const ConceptMaps& maps, double strength) {
  const int64_t width = rows.size(1);
  const auto* logit = widest.logit.const_data_ptr<float>();
  const auto is_open = [](float l) { return l > kInactiveLogit; };
  if (std::none_of(logit, logit + rows.size(0), is_open)) return rows;

  const TokenUpdate update(maps, strength);
  const auto* concepts = widest.concepts.const_data_ptr<int64_t>();
  const auto* x = rows.const_data_ptr<float>();
  at::Tensor result = at::empty_like(rows);
  auto* out = result.mutable_data_ptr<float>();
  ForTokens(widest.concepts, std::max<int64_t>(kGrain / width, 1),
            [&](int64_t first, int64_t last) {
              for (int64_t m = first; m < last; ++m) {
                if (is_open(logit[m])) {
                  update(x + m * width, concepts[m], logit[m], out + m * width);
                } else {
                  std::copy_n(x + m * width, width, out + m * width);
                }
              }
            });
  return result;
}

}  // namespace gloce
