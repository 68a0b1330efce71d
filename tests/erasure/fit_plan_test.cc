#include "erasure/fit_plan.h"

#include <gtest/gtest.h>

#include <set>

namespace gloce {
namespace {

ConceptSettings Concept(const std::string& name,
                        std::vector<std::string> mapping,
                        std::vector<std::string> anchors) {
  ConceptSettings settings;
  settings.name = name;
  settings.prompts = {"a " + name};
  settings.mapping = std::move(mapping);
  settings.surrogate = {"a thing"};
  settings.anchors = std::move(anchors);
  return settings;
}

int64_t Steps(const StatisticsSettings& statistics) {
  return statistics.num_inference_steps;
}

// Unique prompts × seeds × (end + 1), whoever shares them.
TEST(FitPlanTest, EveryPromptAndSeedIsRunOnce) {
  const std::vector<ConceptSettings> concepts = {
      Concept("cat", {"an animal"}, {"a dog", "a bear"}),
      Concept("fox", {"an animal"}, {"a dog", "a wolf"}),
      Concept("owl", {"a thing"}, {"a hen", "a wolf"})};
  const MomentPlan moments = PlanMoments(concepts);
  // a thing, an animal, a cat, a fox, a owl
  EXPECT_EQ(moments.prompts.size(), 5u);
  EXPECT_EQ(CountCalls(moments.prompts, moments.passes, Steps), 5 * 3 * 21);
  const GatePlan gates = PlanGateScores(concepts);
  EXPECT_EQ(CountCalls(gates.prompts, gates.passes, Steps), 4 * 3 * 21);
}

TEST(FitPlanTest, ASharedPromptServesAllItsSets) {
  const MomentPlan plan = PlanMoments({Concept("owl", {"a thing"}, {"a hen"})});
  // "a thing" is surrogate and mapping: sampled once, with covariance for one.
  EXPECT_FALSE(plan.sets[plan.concepts[0].surrogate].with_covariance);
  EXPECT_TRUE(plan.sets[plan.concepts[0].mapping].with_covariance);
  EXPECT_EQ(plan.prompts.size(), 2u);
}

TEST(FitPlanTest, SurrogatesComeFirst) {
  const MomentPlan plan = PlanMoments({Concept("cat", {"an animal"}, {"a dog"}),
                                       Concept("fox", {"a plant"}, {"a dog"})});
  for (const auto& sets : plan.concepts) {
    EXPECT_LT(sets.surrogate, sets.mapping);
    EXPECT_LT(sets.mapping, sets.target);
  }
}

TEST(FitPlanTest, OtherSettingsAreOtherPasses) {
  std::vector<ConceptSettings> concepts = {
      Concept("cat", {"an animal"}, {"a dog"}),
      Concept("fox", {"an animal"}, {"a dog"})};
  concepts[1].statistics.guidance_scale = 5;
  EXPECT_EQ(PlanGateScores(concepts).prompts.size(), 2u);
  EXPECT_EQ(PlanMoments(concepts).prompts.size(), 6u);
}

TEST(FitPlanTest, AWholeTrajectoryCostsAllItsSteps) {
  ConceptSettings settings = Concept("cat", {"an animal"}, {"a dog"});
  settings.statistics.window_start = 0;
  settings.statistics.window_end = 50;
  const GatePlan plan = PlanGateScores({settings});
  EXPECT_EQ(CountCalls(plan.prompts, plan.passes, Steps), 3 * 50);
}

TEST(FitPlanTest, ARepeatedPromptCountsTwice) {
  ConceptSettings settings = Concept("cat", {"an animal", "an animal"}, {"a"});
  const MomentPlan plan = PlanMoments({settings});
  for (const PlannedPrompt& prompt : plan.prompts) {
    if (prompt.prompt == "an animal") {
      EXPECT_EQ(prompt.users.size(), 2u);
    }
  }
}

// A target's gate needs its surrogate's mean, whatever else uses its prompts.
TEST(FitPlanTest, TargetsFollowEverySurrogate) {
  ConceptSettings koala = Concept("koala", {"a fox"}, {"a dog"});
  koala.surrogate = {"an animal"};
  ConceptSettings animal = Concept("animal", {"a fox"}, {"a dog"});
  animal.prompts = {"an animal"};
  animal.surrogate = {"a thing"};
  const MomentPlan plan = PlanMoments({koala, animal});
  EXPECT_GT(plan.concepts[1].target, plan.concepts[1].surrogate);
  EXPECT_NE(plan.concepts[1].target, plan.concepts[0].surrogate);
  // an animal, a thing, a fox, a koala: none is sampled twice
  EXPECT_EQ(plan.prompts.size(), 4u);
}

TEST(FitPlanTest, ARunEndsWithItsSchedulersLastCall) {
  ConceptSettings settings = Concept("cat", {"a fox"}, {"a dog"});
  settings.statistics.num_inference_steps = 10;
  settings.statistics.window_start = 0;
  settings.statistics.window_end = 10;
  settings.statistics.num_seeds = 1;
  const GatePlan plan = PlanGateScores({settings});
  const auto calls = [](int64_t of_a_run) {
    return [of_a_run](const StatisticsSettings&) { return of_a_run; };
  };
  EXPECT_EQ(CountCalls(plan.prompts, plan.passes, calls(10)), 10);
  EXPECT_EQ(CountCalls(plan.prompts, plan.passes, calls(11)), 11);
  EXPECT_EQ(CountCalls(plan.prompts, plan.passes, calls(20)), 11);
}

}  // namespace
}  // namespace gloce
