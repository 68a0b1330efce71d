#include "erasure/fit_cost.h"

#include <gtest/gtest.h>

namespace gloce {
namespace {

ConceptSettings Concept(const std::string& name, const std::string& mapping) {
  ConceptSettings settings;
  settings.name = name;
  settings.prompts = {"a " + name};
  settings.mapping = {mapping};
  settings.surrogate = {"a thing"};
  settings.anchors = {"a dog"};
  settings.statistics.num_seeds = 2;
  return settings;
}

// One layer of width 4: a mean takes 4 float64, a covariance 16 more; one more
// covariance while a set is reduced.
constexpr int64_t kMean = 4 * 8;
constexpr int64_t kCovariance = 16 * 8;

// With batches of one set's two seeds, no two sets are open at a time.
TEST(PeakMomentBytesTest, IsOneSetWhereSetsShareNothing) {
  const MomentPlan plan =
      PlanMoments({Concept("cat", "a box"), Concept("fox", "a bag")});
  EXPECT_EQ(PeakMomentBytes(plan, {4}, 2), kMean + 2 * kCovariance);
}

TEST(PeakMomentBytesTest, CountsEverySetThatABatchOpens) {
  const MomentPlan plan = PlanMoments({Concept("cat", "a box")});
  // Surrogate (mean alone), mapping and target in one batch.
  EXPECT_EQ(PeakMomentBytes(plan, {4}, 100), 3 * kMean + 3 * kCovariance);
  EXPECT_EQ(PeakMomentBytes(plan, {4, 4}, 100),
            2 * (3 * kMean + 2 * kCovariance) + kCovariance);
}

// A mapping that is also the second concept's target stays until its last pass.
TEST(PeakMomentBytesTest, SetsOfSharedPromptsStayOpen) {
  const MomentPlan plan =
      PlanMoments({Concept("cat", "a fox"), Concept("fox", "a box")});
  EXPECT_EQ(PeakMomentBytes(plan, {4}, 2), 2 * kMean + 3 * kCovariance);
}

}  // namespace
}  // namespace gloce
