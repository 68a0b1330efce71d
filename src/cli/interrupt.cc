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

// Signals in such a time are one: `timeout` signals the program and its group.
constexpr double kSecondsOfOneSignal = 1;

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
  const double now = SecondsNow();
  const auto grace = static_cast<double>(g_grace_seconds);
  double none = 0;
  if (signal != SIGALRM && g_end.compare_exchange_strong(none, now + grace)) {
    alarm(static_cast<unsigned>(g_grace_seconds));
  } else if (signal == SIGALRM || now > g_end - grace + kSecondsOfOneSignal) {
    EndAtOnce();
  }
}

void EndBeforeWork(int) { _exit(kInterrupted); }

// Leaves a signal ignored that was ignored when the program was started, as
// shells do for what runs in the background.
void Handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  if (action.sa_handler == SIG_IGN) return;
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);  // one at a time
  sigaction(signal, &action, nullptr);
}

}  // namespace

void PrepareSignals() {
  for (const int signal : {SIGINT, SIGTERM}) Handle(signal, EndBeforeWork);
  signal(SIGXFSZ, SIG_IGN);  // write then fails with EFBIG
  signal(SIGALRM, SIG_DFL);  // which nobody may have ignored
}

void AddGraceOption(CLI::App& app) {
  app.add_option("--grace", g_grace_seconds,
                 "Seconds, after SIGINT or SIGTERM, in which the batch in work "
                 "may be finished;\nit is dropped if it takes longer")
      ->check(WholeRange(1, 86400))
      ->capture_default_str();
}

void InstallInterruptHandler() {
  for (const int signal : {SIGINT, SIGTERM, SIGALRM}) Handle(signal, OnSignal);
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
