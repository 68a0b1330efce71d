// Progress on stderr: a bar on a terminal, a line now and then otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace gloce {

// "1:05" or "2:03:04".
std::string DurationText(double seconds);

class Progress {
 public:
  // `unit` names what is counted, "passes" or "pictures". Silent if `quiet`.
  Progress(std::string unit, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Cheap: prints at most ten times a second on a terminal, every ten seconds
  // or tenth of the work otherwise.
  void Update(const std::string& phase, int64_t done, int64_t total);

  // Ends the bar's line.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;
  void Print(int64_t done, int64_t total, Clock::time_point now);

  std::string unit_, phase_;
  bool quiet_, terminal_, open_ = false;
  Clock::time_point phase_start_, last_print_;
  int64_t done_before_ = 0;  // of the phase, at its first update
  int64_t last_tenth_ = 0;
};

}  // namespace gloce
