#include "erasure/fast_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_text.h"
#include "gloce/erasure/concept_list.h"

namespace gloce {
namespace {

ConceptSettings Fast(int64_t steps, int64_t start, int64_t end,
                     double gate_start) {
  ConceptSettings settings;
  settings.gate_start = gate_start;
  settings.statistics.num_inference_steps = steps;
  settings.statistics.window_start = start;
  settings.statistics.window_end = end;
  UseFastPlan(settings);
  return settings;
}

void ExpectWindow(const ConceptSettings& settings, int64_t steps, int64_t start,
                  int64_t end) {
  EXPECT_EQ(settings.statistics.num_inference_steps, steps);
  EXPECT_EQ(settings.statistics.window_start, start);
  EXPECT_EQ(settings.statistics.window_end, end);
}

TEST(FastPlanTest, ReachesTheSameNoiseLevelsInAFifthOfTheSteps) {
  const ConceptSettings settings = Fast(50, 10, 20, 10);
  EXPECT_EQ(settings.statistics.scheduler, "dpmpp_2m");
  ExpectWindow(settings, 10, 2, 4);
  ExpectWindow(Fast(50, 0, 50, 0), 10, 0, 10);
}

TEST(FastPlanTest, TheGateOpensAtTheSameTimestep) {
  for (const int64_t steps : {7, 25, 50, 100}) {
    for (int64_t start = 0; start < steps; ++start) {
      const auto published = static_cast<double>(start);
      const ConceptSettings settings = Fast(steps, 0, 1, published);
      EXPECT_EQ(GateStartTimestep(1000, settings.gate_start,
                                  settings.statistics.num_inference_steps),
                GateStartTimestep(1000, published, steps))
          << start << " of " << steps;
    }
  }
}

TEST(FastPlanTest, TheWindowGrowsToWholeStepsAndIsNeverEmpty) {
  ExpectWindow(Fast(50, 12, 18, 12), 10, 2, 4);
  ExpectWindow(Fast(7, 2, 3, 2), 2, 0, 1);
  ExpectWindow(Fast(4, 2, 3, 2), 1, 0, 1);
}

std::vector<ConceptRequest> Read(const std::string& options) {
  return ReadConcepts({"", {"A"}, "", options});
}

TEST(FastPlanTest, IsASettingOfTheConceptList) {
  const ConceptSettings published =
      Read(R"({"preset": "celebrity", "plan": "published"})")[0].settings;
  ExpectWindow(published, 50, 10, 20);
  EXPECT_EQ(published.statistics.scheduler, "lms");
  const ConceptSettings fast =
      Read(R"({"preset": "celebrity", "plan": "fast"})")[0].settings;
  ExpectWindow(fast, 10, 2, 4);
  EXPECT_EQ(fast.statistics.num_seeds, 3);
  EXPECT_EQ(fast.gate_start, 2);
}

TEST(FastPlanTest, UnknownPlansAreRefused) {
  EXPECT_THAT(
      ErrorText([] { Read(R"({"preset": "celebrity", "plan": "quick"})"); }),
      testing::HasSubstr(
          "plan: got \"quick\", expected one of: published, fast"));
}

}  // namespace
}  // namespace gloce
