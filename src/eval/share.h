// How often something was seen.
#pragma once

#include <cstdint>

#include "eval/bootstrap.h"

namespace gloce {

struct Share {
  int64_t count = 0;
  int64_t n = 0;

  void Add(bool seen) {
    count += seen;
    ++n;
  }
  // In [0, 1]; NaN of nothing.
  double value() const {
    return static_cast<double>(count) / static_cast<double>(n);
  }
};

// The score interval of 95 % (E. B. Wilson, 1927), which says something of 0 of
// n and n of n too, where resampling says nothing. NaN of nothing.
Interval WilsonInterval(const Share& share);

}  // namespace gloce
