// Random whole numbers that are the same everywhere.
#pragma once

#include <cstddef>
#include <random>

namespace gloce {

// In [0, n), of equal chance but for n / 2^64. The standard leaves open what
// its own distributions draw from a generator. REQUIRES: n > 0.
inline size_t DrawBelow(size_t n, std::mt19937_64& generator) {
  return generator() % n;
}

}  // namespace gloce
