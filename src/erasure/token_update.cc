#include "erasure/token_update.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "erasure/centred_sums.h"
#include "erasure/token_ranges.h"

namespace gloce {
namespace {

// Of the change that a gate makes, relative to the token.
constexpr double kHalfSpacing = 0x1p-25;

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

  // x' of the token x (D). The result is its own array, since the compiler
  // could not use vectors if it might be x.
  void operator()(const float* x, int64_t n, float logit, float* result) const {
    const float gate = strength_ / (1 + std::exp(-logit));
    const float* mean = target_mean_ + n * width_;
    std::copy_n(mapping_mean_ + n * width_, width_, result);
    for (int64_t r = 0; r < rank_; ++r) {
      const int64_t row = (n * rank_ + r) * width_;
      const float coordinate = CentredDot(map_down_ + row, x, mean, width_);
      const float* up = map_up_ + row;
      for (int64_t d = 0; d < width_; ++d) result[d] += up[d] * coordinate;
    }
    for (int64_t d = 0; d < width_; ++d)
      result[d] = x[d] + gate * (eta_[n] * result[d] - x[d]);
  }

 private:
  int64_t width_, rank_;  // D, R1
  const float *map_up_, *map_down_, *mapping_mean_, *target_mean_, *eta_;
  float strength_;
};

}  // namespace

at::Tensor ClosedLogits(const at::Tensor& eta, double strength) {
  // s = sigmoid(logit) = largest; both are far below 1.
  const at::Tensor largest =
      kHalfSpacing /
      ((eta.to(at::kCPU, at::kDouble).abs() + 1) * std::max(1.0, strength));
  return at::logit(largest).to(at::kFloat);
}

at::Tensor UpdateTokens(const at::Tensor& rows, const WidestGates& widest,
                        const ConceptMaps& maps, double strength,
                        bool in_place) {
  const int64_t width = rows.size(1);
  const auto* logit = widest.logit.const_data_ptr<float>();
  const auto* concepts = widest.concepts.const_data_ptr<int64_t>();
  const auto* closed = maps.closed_logit.const_data_ptr<float>();
  const auto is_open = [&](int64_t m) {
    return logit[m] > closed[concepts[m]];
  };
  int64_t first_open = 0;
  while (first_open < rows.size(0) && !is_open(first_open)) ++first_open;
  if (first_open == rows.size(0)) return rows;

  const TokenUpdate update(maps, strength);
  const at::Tensor result = in_place ? rows : at::empty_like(rows);
  const auto* x = rows.const_data_ptr<float>();
  auto* out = result.mutable_data_ptr<float>();
  ForTokens(widest.concepts, std::max<int64_t>(kGrain / width, 1),
            [&](int64_t first, int64_t last) {
              std::vector<float> updated(static_cast<size_t>(width));
              if (!in_place)
                std::copy(x + first * width, x + last * width,
                          out + first * width);
              for (int64_t m = first; m < last; ++m) {
                if (!is_open(m)) continue;
                update(x + m * width, concepts[m], logit[m], updated.data());
                std::copy_n(updated.data(), width, out + m * width);
              }
            });
  return result;
}

}  // namespace gloce
