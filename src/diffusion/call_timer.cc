#include "diffusion/call_timer.h"

#include <limits>

#include "base/stopwatch.h"

namespace gloce {

double MeasureSecondsPerCall(
    SamplingSettings settings,
    const std::function<void(const SamplingSettings&)>& sample) {
  settings.on_call = nullptr;
  if (settings.interrupted) {
    settings.interrupted = [ask = settings.interrupted](double) {
      return ask(std::numeric_limits<double>::infinity());
    };
  }
  settings.last_call = 1;
  sample(settings);
  int64_t calls = 0;  // fewer than asked for where there are not so many
  settings.on_call = [&](int64_t) { ++calls; };
  settings.last_call = 2;
  const Stopwatch watch;
  sample(settings);
  return watch.Seconds() / static_cast<double>(calls);
}

}  // namespace gloce
