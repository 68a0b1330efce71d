// How sure a figure is.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace gloce {

// Between which `confidence` of the resampled figures lie.
struct Interval {
  double low = 0;
  double high = 0;
};

struct BootstrapSettings {
  int64_t resamples = 1000;
  double confidence = 0.95;  // in (0, 1)
  uint64_t seed = 0;
};

// How often each of the n items of a sample was drawn; they add up to n.
using DrawCounts = std::vector<int64_t>;

// A figure of a resample: one vector of counts for each independent sample. May
// be NaN, which is left out.
using Statistic = std::function<double(const std::vector<DrawCounts>&)>;

// The percentile bootstrap (B. Efron, R. J. Tibshirani, An Introduction to the
// Bootstrap, chapter 13): resamples of each sample's size, drawn with
// repetition, independently of each other. Equal arguments give equal bits.
//   sizes  items of each sample, such as erased and kept pictures
// Ends are interpolated between the two nearest figures; both are NaN if no
// figure was a number.
Interval Bootstrap(const std::vector<int64_t>& sizes,
                   const Statistic& statistic,
                   const BootstrapSettings& settings = {});

// Of the mean of `values`.
Interval BootstrapMean(const std::vector<double>& values,
                       const BootstrapSettings& settings = {});

}  // namespace gloce
