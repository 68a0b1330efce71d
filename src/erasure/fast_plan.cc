#include "erasure/fast_plan.h"

#include <algorithm>

namespace gloce {
namespace {

constexpr int64_t kStepsInOne = 5;

// `step` of `of` steps, in `into` steps.
int64_t Floor(int64_t step, int64_t into, int64_t of) {
  return step * into / of;
}
int64_t Ceil(int64_t step, int64_t into, int64_t of) {
  return (step * into + of - 1) / of;
}

}  // namespace

std::vector<std::string> PlanNames() { return {"published", "fast"}; }

void UseFastPlan(ConceptSettings& settings) {
  StatisticsSettings& statistics = settings.statistics;
  const int64_t steps = statistics.num_inference_steps;
  const int64_t fewer = Ceil(steps, 1, kStepsInOne);
  settings.gate_start *=
      static_cast<double>(fewer) / static_cast<double>(steps);
  statistics.scheduler = "dpmpp_2m";
  statistics.num_inference_steps = fewer;
  statistics.window_start = Floor(statistics.window_start, fewer, steps);
  statistics.window_end = std::max(Ceil(statistics.window_end, fewer, steps),
                                   statistics.window_start + 1);
}

}  // namespace gloce
