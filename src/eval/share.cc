#include "eval/share.h"

#include <algorithm>
#include <cmath>

namespace gloce {

Interval WilsonInterval(const Share& share) {
  constexpr double kZ = 1.959963984540054;  // 97.5 % of the normal distribution
  const auto n = static_cast<double>(share.n);
  const double p = share.value();
  const double spread = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  const double middle = p + kZ * kZ / (2 * n), scale = 1 + kZ * kZ / n;
  // In this order NaN stays NaN.
  return {std::max((middle - spread) / scale, 0.0),
          std::min((middle + spread) / scale, 1.0)};
}

}  // namespace gloce
