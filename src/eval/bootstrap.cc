#include "eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "eval/draw_below.h"

namespace gloce {
namespace {

// Of ascending `figures`, interpolated; `share` in [0, 1].
double Percentile(const std::vector<double>& figures, double share) {
  const double place = share * static_cast<double>(figures.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, figures.size() - 1);
  const double weight = place - static_cast<double>(below);
  return (1 - weight) * figures[below] + weight * figures[above];
}

}  // namespace

Interval Bootstrap(const std::vector<int64_t>& sizes,
                   const Statistic& statistic,
                   const BootstrapSettings& settings) {
  std::mt19937_64 generator(settings.seed);
  std::vector<DrawCounts> counts(sizes.size());
  std::vector<double> figures;
  for (int64_t r = 0; r < settings.resamples; ++r) {
    for (size_t s = 0; s < sizes.size(); ++s) {
      const auto size = static_cast<size_t>(sizes[s]);
      counts[s].assign(size, 0);
      for (size_t k = 0; k < size; ++k) ++counts[s][DrawBelow(size, generator)];
    }
    const double value = statistic(counts);
    if (!std::isnan(value)) figures.push_back(value);
  }
  if (figures.empty()) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    return {kNone, kNone};
  }
  std::sort(figures.begin(), figures.end());
  const double outside = (1 - settings.confidence) / 2;
  return {Percentile(figures, outside), Percentile(figures, 1 - outside)};
}

Interval BootstrapMean(const std::vector<double>& values,
                       const BootstrapSettings& settings) {
  const auto mean = [&](const std::vector<DrawCounts>& counts) {
    double sum = 0;
    for (size_t k = 0; k < values.size(); ++k)
      sum += static_cast<double>(counts[0][k]) * values[k];
    return sum / static_cast<double>(values.size());
  };
  return Bootstrap({static_cast<int64_t>(values.size())}, mean, settings);
}

}  // namespace gloce
