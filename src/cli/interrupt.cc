#include "cli/interrupt.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "cli/command.h"
#include "cli/log.h"

namespace gloce {
namespace {

// Below the 30 s that Slurm waits by default (KillWait) before it kills.
int64_t g_grace_seconds = 20;

// When the grace period is over, by SecondsNow; 0 while there was no signal.
std::atomic<double> g_end = 0;
static_assert(std::atomic<double>::is_always_lock_free);

// May be called in a signal handler, as std::chrono's clocks may not.
double SecondsNow() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

[[noreturn]] void EndAtOnce() {
  constexpr const char* kText =
      "gloce: error: interrupted; what was in work is dropped, what was "
      "written is whole, and the same command goes on from there\n";
  [[maybe_unused]] const auto written =
      write(STDERR_FILENO, kText, std::strlen(kText));
  _exit(kInterrupted);
}

void OnSignal(int signal) {
  if (signal == SIGALRM || g_end != 0) EndAtOnce();
  g_end = SecondsNow() + static_cast<double>(g_grace_seconds);
  alarm(static_cast<unsigned>(g_grace_seconds));
}

}  // namespace

void AddGraceOption(CLI::App& app) {
  app.add_option("--grace", g_grace_seconds,
                 "Seconds, after SIGINT or SIGTERM, in which the batch in work "
                 "may be finished;\nit is dropped if it takes longer")
      ->check(WholeRange(1, 86400))
      ->capture_default_str();
}

void InstallInterruptHandler() {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);  // one at a time
  for (const int signal : {SIGINT, SIGTERM, SIGALRM})
    sigaction(signal, &action, nullptr);
}

bool WasInterrupted() { return g_end != 0; }

bool MustStop(double seconds_left) {
  const double end = g_end;
  if (end == 0) return false;
  const double grace_left = end - SecondsNow();
  if (seconds_left > grace_left) return true;
  static bool told = false;
  if (!told) {
    LogNote("interrupted; the batch in work is finished first, in about " +
            std::to_string(std::lround(std::ceil(seconds_left))) +
            " s; a second signal ends at once");
  }
  told = true;
  return false;
}

}  // namespace gloce
