#include "erasure/fit_plan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gloce/base/error.h"

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

// With batches of eight passes, which is no matter here.
MomentPlan PlanMoments(const std::vector<ConceptSettings>& concepts) {
  return PlanMoments(concepts, 8);
}
PassPlan PlanGateScores(const std::vector<ConceptSettings>& concepts) {
  return PlanGateScores(concepts, 8);
}

int64_t CallsOf(const PassPlan& plan, const CallsOfARun& calls_of_a_run) {
  const std::vector<bool> all(plan.prompts.size(), true);
  return CountCalls(plan, BatchesOf(plan, all), calls_of_a_run);
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
  EXPECT_EQ(CallsOf(moments, Steps), 5 * 3 * 21);
  const PassPlan gates = PlanGateScores(concepts);
  EXPECT_EQ(CallsOf(gates, Steps), 4 * 3 * 21);
}

TEST(FitPlanTest, ASharedPromptServesAllItsSets) {
  const MomentPlan plan = PlanMoments({Concept("owl", {"a thing"}, {"a hen"})});
  // "a thing" is surrogate and mapping: sampled and summed once.
  const Reduction& surrogate = plan.reductions[plan.concepts[0].surrogate];
  const Reduction& mapping = plan.reductions[plan.concepts[0].mapping];
  EXPECT_EQ(surrogate.set, mapping.set);
  EXPECT_TRUE(plan.sets[mapping.set].with_covariance);
  EXPECT_EQ(surrogate.kind, Reduction::Kind::kMean);
  EXPECT_EQ(plan.prompts.size(), 2u);
}

TEST(FitPlanTest, SurrogatesComeFirstThenConceptByConcept) {
  const MomentPlan plan = PlanMoments({Concept("cat", {"an animal"}, {"a dog"}),
                                       Concept("fox", {"a plant"}, {"a dog"})});
  std::vector<std::string> order;
  for (const PlannedPrompt& prompt : plan.prompts)
    order.push_back(prompt.prompt);
  EXPECT_EQ(order, (std::vector<std::string>{"a thing", "an animal", "a cat",
                                             "a plant", "a fox"}));
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
  const PassPlan plan = PlanGateScores({settings});
  EXPECT_EQ(CallsOf(plan, Steps), 3 * 50);
}

TEST(FitPlanTest, ARepeatedPromptCountsTwice) {
  ConceptSettings settings = Concept("cat", {"an animal", "an animal"}, {"a"});
  const MomentPlan plan = PlanMoments({settings});
  const PromptSet& set =
      plan.sets[plan.reductions[plan.concepts[0].mapping].set];
  ASSERT_EQ(set.prompts.size(), 2u);
  EXPECT_EQ(set.prompts[0], set.prompts[1]);
}

// A target's gate needs its surrogate's mean, whatever else uses its prompts.
TEST(FitPlanTest, TargetsFollowTheirSurrogates) {
  ConceptSettings koala = Concept("koala", {"a fox"}, {"a dog"});
  koala.surrogate = {"an animal"};
  ConceptSettings animal = Concept("animal", {"a fox"}, {"a dog"});
  animal.prompts = {"an animal"};
  animal.surrogate = {"a thing"};
  const MomentPlan plan = PlanMoments({koala, animal});
  for (const auto& of : plan.concepts) {
    EXPECT_EQ(plan.reductions[of.target].surrogate, of.surrogate);
    EXPECT_LT(of.surrogate, of.target);
  }
  // an animal, a thing, a fox, a koala: none is sampled twice
  EXPECT_EQ(plan.prompts.size(), 4u);
  EXPECT_EQ(plan.prompts[0].prompt, "an animal");
  EXPECT_EQ(plan.prompts[1].prompt, "a thing");
}

// What is left of a build, or asked of a shard, does not move a batch's edges.
TEST(FitPlanTest, BatchesAreCutFromTheWholePlan) {
  const std::vector<ConceptSettings> concepts = {
      Concept("cat", {"a box"}, {"a dog"}),
      Concept("fox", {"a bag"}, {"a dog"})};
  // Passes of 3 seeds: a thing, a box, a cat, a bag, a fox.
  const MomentPlan plan = PlanMoments(concepts, 4);
  ASSERT_EQ(plan.batches.size(), 4u);
  EXPECT_EQ(plan.batches[3].begin, 12u);
  EXPECT_EQ(plan.batches[3].end, 15u);
  const auto batches_of = [&](const ConceptRange& range) {
    return BatchesOf(plan,
                     PromptsOfReductions(plan, ReductionsOf(plan, range)));
  };
  EXPECT_EQ(batches_of({0, 1}), (std::vector<size_t>{0, 1, 2}));
  EXPECT_EQ(batches_of({1, 2}), (std::vector<size_t>{0, 2, 3}));
  EXPECT_EQ(LastBatches(plan), (std::vector<size_t>{0, 1, 2, 2, 3}));
}

TEST(FitPlanTest, ABatchHasOneSetting) {
  std::vector<ConceptSettings> concepts = {
      Concept("cat", {"a box"}, {"a dog"}),
      Concept("fox", {"a box"}, {"a dog"})};
  concepts[1].statistics.guidance_scale = 5;
  const MomentPlan plan = PlanMoments(concepts, 100);
  for (const PassRange& batch : plan.batches) {
    for (size_t i = batch.begin; i < batch.end; ++i) {
      EXPECT_EQ(plan.prompts[plan.passes[i].prompt].statistics,
                plan.prompts[plan.passes[batch.begin].prompt].statistics);
    }
  }
}

TEST(FitPlanTest, ShardsAreNeighboursAndCoverTheList) {
  for (const int64_t shards : {1, 2, 3, 7}) {
    size_t next = 0;
    for (int64_t i = 1; i <= shards; ++i) {
      const ConceptRange range = ConceptsOfShard(7, i, shards);
      EXPECT_EQ(range.begin, next);
      EXPECT_GE(range.end - range.begin, 7 / static_cast<size_t>(shards));
      EXPECT_LE(range.end - range.begin, 7 / static_cast<size_t>(shards) + 1);
      next = range.end;
    }
    EXPECT_EQ(next, 7u);
  }
  EXPECT_THROW(ConceptsOfShard(7, 0, 2), UsageError);
  EXPECT_THROW(ConceptsOfShard(7, 3, 2), UsageError);
  EXPECT_THROW(ConceptsOfShard(7, 1, 8), UsageError);
}

TEST(FitPlanTest, ARunEndsWithItsSchedulersLastCall) {
  ConceptSettings settings = Concept("cat", {"a fox"}, {"a dog"});
  settings.statistics.num_inference_steps = 10;
  settings.statistics.window_start = 0;
  settings.statistics.window_end = 10;
  settings.statistics.num_seeds = 1;
  const PassPlan plan = PlanGateScores({settings});
  const auto calls = [](int64_t of_a_run) {
    return [of_a_run](const StatisticsSettings&) { return of_a_run; };
  };
  EXPECT_EQ(CallsOf(plan, calls(10)), 10);
  EXPECT_EQ(CallsOf(plan, calls(11)), 11);
  EXPECT_EQ(CallsOf(plan, calls(20)), 11);
}

}  // namespace
}  // namespace gloce
