#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/log.h"

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
  if (total == 0) return;
  done = std::min(done, total);
  const auto now = Clock::now();
  if (phase != phase_) {
    Finish();
    phase_ = phase;
    phase_start_ = now;
    done_before_ = done;
    printed_ = logged_ = {};
  }
  const int64_t tenth = 10 * done / total;
  if (logged_.LineIsDue(now, tenth)) {
    logged_ = {now, tenth};
    LogRecord(LogLevel::kDebug, "progress",
              {{"phase", phase}, {"done", done}, {"total", total}});
  }
  const bool due =
      terminal_ ? now - printed_.time >= kTerminalInterval || done == total
                : printed_.LineIsDue(now, tenth);
  if (quiet_ || !due) return;
  printed_ = {now, tenth};
  Print(done, total, now);
}

bool Progress::Pace::LineIsDue(Clock::time_point now,
                               int64_t now_at_tenth) const {
  return now_at_tenth > tenth || now - time >= kLineInterval;
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
