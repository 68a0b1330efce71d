#include "diffusion/call_timer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace gloce {
namespace {

// A run of calls of 5 ms, as SampleLatents makes them; at most `limit`.
void Make(const SamplingSettings& settings, int64_t limit) {
  for (int64_t call = 0; call <= *settings.last_call && call < limit; ++call) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (settings.on_call) settings.on_call(call);
  }
}

TEST(CallTimerTest, TimesThreeCallsAfterTwo) {
  std::vector<int64_t> last_calls;
  SamplingSettings settings;
  settings.num_inference_steps = 7;
  const double seconds =
      MeasureSecondsPerCall(settings, [&](const SamplingSettings& sampling) {
        EXPECT_EQ(sampling.num_inference_steps, 7);
        last_calls.push_back(*sampling.last_call);
        Make(sampling, 10);
      });
  EXPECT_EQ(last_calls, (std::vector<int64_t>{1, 2}));
  EXPECT_GE(seconds, 0.005);
}

TEST(CallTimerTest, DividesByTheCallsThatWereMade) {
  EXPECT_GE(
      MeasureSecondsPerCall({}, [](const SamplingSettings& s) { Make(s, 1); }),
      0.005);
}

TEST(CallTimerTest, AMeasurementIsNotWorthFinishing) {
  SamplingSettings settings;
  settings.interrupted = [](double seconds_left) { return seconds_left > 1; };
  MeasureSecondsPerCall(settings, [](const SamplingSettings& sampling) {
    EXPECT_TRUE(sampling.interrupted(0.1));
    Make(sampling, 1);
  });
}

}  // namespace
}  // namespace gloce
