// How long something took.
#pragma once

#include <chrono>

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

}  // namespace gloce
