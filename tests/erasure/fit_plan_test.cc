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

int64_t CallsOf(const FitPlan& plan, const CallsOfARun& calls_of_a_run) {
  const std::vector<bool> all(plan.prompts.size(), true);
  return CountCalls(plan, BatchesOf(plan, all), calls_of_a_run);
}

int64_t Steps(const StatisticsSettings& statistics) {
  return statistics.num_inference_steps;
}

std::vector<std::string> PromptsOf(const FitPlan& plan) {
  std::vector<std::string> prompts;
  for (const PlannedPrompt& prompt : plan.prompts)
    prompts.push_back(prompt.prompt);
  return prompts;
}

// Unique prompts × seeds × (end + 1), whoever shares them and in whatever role.
TEST(FitPlanTest, EveryPromptAndSeedIsRunOnce) {
  const FitPlan plan =
      PlanFit({Concept("cat", {"an animal"}, {"a dog", "a bear"}),
               Concept("fox", {"an animal", "a dog"}, {"a cat", "a wolf"}),
               Concept("owl", {"a thing"}, {"a thing", "a wolf", "an animal"})},
              8);
  EXPECT_EQ(PromptsOf(plan), (std::vector<std::string>{
                                 "a thing", "a cat", "a fox", "a owl",
                                 "an animal", "a dog", "a bear", "a wolf"}));
  EXPECT_EQ(CallsOf(plan, Steps), 8 * 3 * 21);
}

TEST(FitPlanTest, ASharedPromptServesAllItsSets) {
  const FitPlan plan = PlanFit({Concept("owl", {"a thing"}, {"a hen"})}, 8);
  // "a thing" is surrogate and mapping: sampled and summed once.
  const Reduction& surrogate = plan.reductions[plan.concepts[0].surrogate];
  const Reduction& mapping = plan.reductions[plan.concepts[0].mapping];
  EXPECT_EQ(surrogate.set, mapping.set);
  EXPECT_TRUE(plan.sets[mapping.set].with_covariance);
  EXPECT_EQ(surrogate.kind, Reduction::Kind::kMean);
  EXPECT_EQ(PromptsOf(plan),
            (std::vector<std::string>{"a thing", "a owl", "a hen"}));
}

// What gates are made of comes first.
TEST(FitPlanTest, SurrogatesAndTargetsComeFirstThenConceptByConcept) {
  const FitPlan plan = PlanFit({Concept("cat", {"an animal"}, {"a dog"}),
                                Concept("fox", {"a plant"}, {"a wolf"})},
                               4);
  EXPECT_EQ(PromptsOf(plan),
            (std::vector<std::string>{"a thing", "a cat", "a fox", "an animal",
                                      "a dog", "a plant", "a wolf"}));
  // Nine passes and twelve: no batch has passes of both phases.
  EXPECT_EQ(plan.num_first_batches, 3u);
  EXPECT_EQ(plan.batches[2].end, 9u);
  EXPECT_EQ(plan.batches[3].begin, 9u);
  EXPECT_EQ(plan.batches.size(), 6u);
}

TEST(FitPlanTest, OtherSettingsAreOtherPasses) {
  std::vector<ConceptSettings> concepts = {
      Concept("cat", {"an animal"}, {"a dog"}),
      Concept("fox", {"an animal"}, {"a dog"})};
  concepts[1].statistics.guidance_scale = 5;
  EXPECT_EQ(PlanFit(concepts, 8).prompts.size(), 8u);
}

TEST(FitPlanTest, AWholeTrajectoryCostsAllItsSteps) {
  ConceptSettings settings = Concept("cat", {"an animal"}, {"a dog"});
  settings.statistics.window_start = 0;
  settings.statistics.window_end = 50;
  const FitPlan plan = PlanFit({settings}, 8);
  EXPECT_EQ(CallsOf(plan, Steps), 4 * 3 * 50);
}

TEST(FitPlanTest, ARepeatedPromptCountsTwice) {
  ConceptSettings settings = Concept("cat", {"an animal", "an animal"}, {"a"});
  const FitPlan plan = PlanFit({settings}, 8);
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
  const FitPlan plan = PlanFit({koala, animal}, 8);
  for (const auto& of : plan.concepts) {
    EXPECT_EQ(plan.reductions[of.target].surrogate, of.surrogate);
    EXPECT_LT(of.surrogate, of.target);
  }
  EXPECT_EQ(PromptsOf(plan),
            (std::vector<std::string>{"an animal", "a thing", "a koala",
                                      "a fox", "a dog"}));
}

// What is left of a build, or asked of a shard, does not move a batch's edges.
TEST(FitPlanTest, BatchesAreCutFromTheWholePlan) {
  // Passes of 3 seeds: a thing, a cat, a fox; a box, a dog, a bag.
  const FitPlan plan = PlanFit({Concept("cat", {"a box"}, {"a dog"}),
                                Concept("fox", {"a bag"}, {"a dog"})},
                               4);
  ASSERT_EQ(plan.batches.size(), 6u);
  EXPECT_EQ(plan.num_first_batches, 3u);
  const auto batches_of = [&](const ConceptRange& range) {
    return BatchesOf(plan,
                     PromptsOfReductions(plan, ReductionsOf(plan, range)));
  };
  using Batches = std::vector<size_t>;
  EXPECT_EQ(batches_of({0, 1}), (Batches{0, 1, 3}));
  EXPECT_EQ(batches_of({1, 2}), (Batches{0, 1, 2, 4, 5}));
  EXPECT_EQ(BatchesOf(plan, AnchorsOf(plan, {1, 2})), (Batches{3, 4}));
  EXPECT_EQ(LastBatches(plan), (Batches{0, 1, 2, 3, 4, 5}));
}

TEST(FitPlanTest, ABatchHasOneSetting) {
  std::vector<ConceptSettings> concepts = {
      Concept("cat", {"a box"}, {"a dog"}),
      Concept("fox", {"a box"}, {"a dog"})};
  concepts[1].statistics.guidance_scale = 5;
  const FitPlan plan = PlanFit(concepts, 100);
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
  const FitPlan plan = PlanFit({settings}, 8);
  const auto calls = [](int64_t of_a_run) {
    return [of_a_run](const StatisticsSettings&) { return of_a_run; };
  };
  EXPECT_EQ(CallsOf(plan, calls(10)), 4 * 10);
  EXPECT_EQ(CallsOf(plan, calls(11)), 4 * 11);
  EXPECT_EQ(CallsOf(plan, calls(20)), 4 * 11);
}

}  // namespace
}  // namespace gloce
