// Progress on stderr: a bar on a terminal, a line now and then otherwise. The
// log file gets the lines too, at level debug.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace gloce {

// "1:05" or "2:03:04".
std::string DurationText(double seconds);

class Progress {
 public:
  // `unit` names what is counted, "passes" or "pictures". On stderr silent if
  // `quiet`.
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
  // When something was last said, and at which tenth of the work.
  struct Pace {
    Clock::time_point time;
    int64_t tenth = 0;
    // Whether a line is due, every ten seconds or tenth of the work.
    bool LineIsDue(Clock::time_point now, int64_t now_at_tenth) const;
  };

  void Print(int64_t done, int64_t total, Clock::time_point now);

  std::string unit_, phase_;
  bool quiet_, terminal_, open_ = false;
  Clock::time_point phase_start_;
  int64_t done_before_ = 0;  // of the phase, at its first update
  Pace printed_, logged_;
};

}  // namespace gloce
