#include "erasure/fast_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "error_text.h"
#include "gloce/base/error.h"
#include "gloce/diffusion/scheduler.h"
#include "gloce/erasure/concept_list.h"
#include "temporary_folder.h"

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

TEST(FastPlanTest, TakesAFifthOfTheSteps) {
  const ConceptSettings settings = Fast(50, 10, 20, 10);
  EXPECT_EQ(settings.statistics.scheduler, "dpmpp_2m");
  ExpectWindow(settings, 10, 2, 4);
  ExpectWindow(Fast(50, 0, 50, 0), 10, 0, 10);
}

// Timesteps of the calls 0, 1, … of the settings' sampling, of 1000.
std::vector<double> Timesteps(const StatisticsSettings& statistics,
                              const std::string& spacing) {
  const auto scheduler =
      MakeScheduler(statistics.scheduler,
                    SchedulerConfig::FromJson(
                        R"({"beta_schedule": "scaled_linear", "steps_offset": 1,
              "timestep_spacing": ")" +
                            spacing + "\"}",
                        "config"));
  scheduler->SetTimesteps(statistics.num_inference_steps);
  return scheduler->timesteps();
}

// Those that are recorded.
std::vector<double> Recorded(const StatisticsSettings& statistics,
                             const std::string& spacing) {
  const std::vector<double> all = Timesteps(statistics, spacing);
  const auto end =
      std::min(static_cast<size_t>(statistics.window_end) + 1, all.size());
  return {all.begin() + statistics.window_start + 1,
          all.begin() + static_cast<std::ptrdiff_t>(end)};
}

// The numbers of fast_plan.h and docs/erasure.md.
TEST(FastPlanTest, RecordsNearlyThePublishedTimesteps) {
  struct Case {
    const char* spacing;
    double apart;  // of a call j and call 5j of LMS, at most
  };
  for (const Case& c :
       {Case{"leading", 70}, Case{"trailing", 0}, Case{"linspace", 20}}) {
    const StatisticsSettings published;
    const StatisticsSettings fast = Fast(50, 0, 50, 0).statistics;
    const std::vector<double> all = Timesteps(published, c.spacing);
    const std::vector<double> few = Timesteps(fast, c.spacing);
    ASSERT_EQ(all.size(), 50U);
    ASSERT_EQ(few.size(), 10U);
    double apart = 0;
    for (size_t j = 1; j < few.size(); ++j)  // no window holds call 0
      apart = std::max(apart, std::abs(few[j] - all[5 * j]));
    EXPECT_LE(apart, c.apart) << c.spacing;
    EXPECT_GE(apart, 0.9 * c.apart) << c.spacing << ": the bound is too lax";
  }
}

TEST(FastPlanTest, RecordsTheseTimestepsOfTheWindows) {
  const auto recorded = [](const char* spacing, int64_t start, int64_t end) {
    return Recorded(Fast(50, start, end, 0).statistics, spacing);
  };
  using testing::ElementsAre;
  EXPECT_THAT(recorded("leading", 10, 20), ElementsAre(631, 541));
  EXPECT_THAT(recorded("leading", 0, 20), ElementsAre(811, 721, 631, 541));
  EXPECT_THAT(recorded("trailing", 10, 20), ElementsAre(699, 599));
  EXPECT_THAT(recorded("linspace", 10, 20), ElementsAre(699, 599));
  const auto ends = [](const char* spacing, int64_t start) {
    StatisticsSettings published;
    published.window_start = start;
    const std::vector<double> all = Recorded(published, spacing);
    return std::pair(std::round(all.front()), std::round(all.back()));
  };
  EXPECT_EQ(ends("leading", 10), std::pair(761.0, 581.0));
  EXPECT_EQ(ends("leading", 0), std::pair(961.0, 581.0));
  EXPECT_EQ(ends("trailing", 10), std::pair(779.0, 599.0));
  EXPECT_EQ(ends("linspace", 10), std::pair(775.0, 591.0));
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

TEST(FastPlanTest, ASchedulerBesideItIsRefused) {
  const TemporaryFolder folder;
  const std::string path = folder / "list.json";
  const auto error = [&](const std::string& list, const std::string& options) {
    WriteFileAtomically(path, list);
    return ErrorText([&] { ReadConcepts({path, {}, "", options}); });
  };
  const std::string reason =
      R"(scheduler: got "euler" beside the plan "fast", which samples by its )"
      "own; leave one of them out";
  const std::string fast = R"({"plan": "fast"})";
  EXPECT_EQ(error(R"({"scheduler": "euler", "concepts": ["A"]})", fast),
            path + ": " + reason);
  EXPECT_EQ(error(R"({"plan": "fast", "concepts":
                      [{"name": "A", "scheduler": "euler"}]})",
                  "{}"),
            path + ": concepts[0] (A): " + reason);
  EXPECT_EQ(error(R"({"plan": "fast", "concepts": ["A"]})",
                  R"({"scheduler": "euler"})"),
            "--" + reason);
}

// A preset, or the bundle, says how things are sampled unless somebody knows
// better; a plan of its own does.
TEST(FastPlanTest, ReplacesAPresetsSchedulerAndABundles) {
  for (const char* bundle :
       {R"({"preset": "demo"})", R"({"scheduler": "euler"})"}) {
    const auto requests =
        ReadConcepts({"", {"A"}, bundle, R"({"plan": "fast", "steps": 25})"});
    const StatisticsSettings& statistics = requests[0].settings.statistics;
    EXPECT_EQ(statistics.scheduler, "dpmpp_2m");
    EXPECT_EQ(statistics.num_inference_steps, 5);
  }
  const auto published = ReadConcepts(
      {"", {"A"}, "", R"({"plan": "published", "scheduler": "euler"})"});
  EXPECT_EQ(published[0].settings.statistics.scheduler, "euler");
}

TEST(FastPlanTest, UnknownPlansAreRefused) {
  EXPECT_THAT(
      ErrorText([] { Read(R"({"preset": "celebrity", "plan": "quick"})"); }),
      testing::HasSubstr(
          "plan: got \"quick\", expected one of: published, fast"));
}

}  // namespace
}  // namespace gloce
