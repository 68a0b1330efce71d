#include "erasure/fit_cost.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

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

// Of one layer of width 4.
constexpr int64_t kMean = 4 * 8;
constexpr int64_t kSums = kMean + 16 * 8;
// While a set is reduced: its sums, one prompt's that are read or written, and
// four covariances.
constexpr int64_t kReducing = 2 * kSums + 4 * 16 * 8;

int64_t Peak(const std::vector<ConceptSettings>& concepts, int64_t batch_size,
             bool stored) {
  const FitPlan plan = PlanFit(concepts, batch_size);
  return PeakMomentBytes(plan, ReductionsOf(plan, {0, concepts.size()}), {4},
                         stored);
}

// With batches of one prompt's two seeds, no two prompts are open at a time.
TEST(PeakMomentBytesTest, IsOnePromptWhereBatchesEndWithPrompts) {
  const std::vector<ConceptSettings> concepts = {Concept("cat", "a box"),
                                                 Concept("fox", "a bag")};
  EXPECT_EQ(Peak(concepts, 2, true), kReducing + kSums);
  EXPECT_EQ(Peak(concepts, 2, false), kReducing + kSums);
}

TEST(PeakMomentBytesTest, CountsEveryPromptThatABatchOpens) {
  // Surrogate (mean alone) and targets in one batch, mappings in the next.
  EXPECT_EQ(Peak({Concept("cat", "a box"), Concept("fox", "a bag")}, 100, true),
            kReducing + 2 * kSums + kMean);
  // The second batch of three begins with half of a target: seed 1.
  EXPECT_EQ(Peak({Concept("cat", "a box"), Concept("fox", "a bag")}, 3, true),
            kReducing + 2 * kSums);
  EXPECT_EQ(Peak({Concept("cat", "a box")}, 3, true),
            kReducing + kSums + kMean);
}

// N concepts whose mappings are pairs of a few prompts, so that prompts wait
// for sets to the end of the list.
std::vector<ConceptSettings> ManySharing(size_t n) {
  std::vector<ConceptSettings> concepts;
  for (size_t i = 0; i < n; ++i) {
    concepts.push_back(Concept("thing " + std::to_string(i), ""));
    concepts.back().mapping = {"prompt " + std::to_string(i % 7),
                               "prompt " + std::to_string(i % 5 + 7)};
  }
  return concepts;
}

TEST(PeakMomentBytesTest, DoesNotGrowWithTheNumberOfConcepts) {
  const int64_t few = Peak(ManySharing(10), 8, true);
  EXPECT_EQ(Peak(ManySharing(200), 8, true), few);
  // A batch of eight passes: seeds of at most five prompts.
  EXPECT_LE(few, kReducing + 5 * kSums);
  EXPECT_GT(Peak(ManySharing(10), 8, false), few);
}

}  // namespace
}  // namespace gloce
