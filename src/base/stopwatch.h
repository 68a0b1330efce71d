// How long something took.
#pragma once

#include <chrono>
#include <cmath>

namespace gloce {

// Counts from when it is made, by a clock that nobody can set.
class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

// Milliseconds are what the time of a batch or a job is good for.
inline double RoundedToMilliseconds(double seconds) {
  return std::round(seconds * 1000) / 1000;
}

}  // namespace gloce
