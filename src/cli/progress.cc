#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace gloce {
namespace {

constexpr int kBarWidth = 24;
constexpr std::chrono::milliseconds kTerminalInterval(100);
constexpr std::chrono::seconds kLineInterval(10);

}  // namespace

std::string DurationText(double seconds) {
  const auto total = int64_t{std::lround(seconds)};
  char text[32];
  if (total >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", total / 3600,
                  total / 60 % 60, total % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld:%02ld", total / 60, total % 60);
  }
  return text;
}

Progress::Progress(std::string unit, bool quiet)
    : unit_(std::move(unit)),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { Finish(); }

void Progress::Update(const std::string& phase, int64_t done, int64_t total) {
  if (quiet_ || total == 0) return;
  done = std::min(done, total);
  const auto now = Clock::now();
  if (phase != phase_) {
    Finish();
    phase_ = phase;
    phase_start_ = now;
    done_before_ = done;
    last_print_ = Clock::time_point();
    last_tenth_ = 0;
  }
  const int64_t tenth = 10 * done / total;
  const bool due =
      terminal_ ? now - last_print_ >= kTerminalInterval || done == total
                : tenth > last_tenth_ || now - last_print_ >= kLineInterval;
  if (!due) return;
  last_print_ = now;
  last_tenth_ = tenth;
  Print(done, total, now);
}

void Progress::Print(int64_t done, int64_t total, Clock::time_point now) {
  const double elapsed =
      std::chrono::duration<double>(now - phase_start_).count();
  const int64_t done_since = done - done_before_;
  const double left = done_since > 0
                          ? elapsed * static_cast<double>(total - done) /
                                static_cast<double>(done_since)
                          : 0;
  std::string line = phase_ + " ";
  if (terminal_) {
    const auto filled = static_cast<size_t>(kBarWidth * done / total);
    line = "\r" + line + "[" + std::string(filled, '#') +
           std::string(kBarWidth - filled, '.') + "] ";
  }
  line += std::to_string(done) + "/" + std::to_string(total) + " " + unit_;
  if (done == total) {
    line += ", " + DurationText(elapsed);
  } else if (done_since > 0) {
    line += ", " + DurationText(left) + " left";
  }
  std::fprintf(stderr, terminal_ ? "%s\033[K" : "%s\n", line.c_str());
  std::fflush(stderr);
  open_ = terminal_;
}

void Progress::Finish() {
  if (open_) std::fputc('\n', stderr);
  open_ = false;
}

}  // namespace gloce
