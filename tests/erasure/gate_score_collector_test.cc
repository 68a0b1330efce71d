#include "erasure/gate_score_collector.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "erasure/anchor_rows.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

TEST(ThresholdTest, IsMeanPlusTauUnbiasedDeviations) {
  // mean 0.3, unbiased variance 0.01.
  const GateThreshold threshold = ThresholdFromScores({0.2, 0.3, 0.4}, 2.5);
  EXPECT_NEAR(threshold.center, 0.3 + 2.5 * 0.1, 1e-12);
  // Exactly ln 99 / .0025.
  EXPECT_NEAR(threshold.slope, 1838.04794, 1e-5);
}

TEST(ThresholdTest, OpensToNinetyNinePercentAThousandthOfTauAbove) {
  const double tau = 1.5;
  const GateThreshold threshold = ThresholdFromScores({0.2, 0.4}, tau);
  const double logit = threshold.slope * 0.001 * tau;
  EXPECT_NEAR(1 / (1 + std::exp(-logit)), 0.99, 1e-12);
}

TEST(ThresholdTest, OneScoreIsTooFew) {
  EXPECT_THROW(ThresholdFromScores({0.2}, 2.5), Error);
}

// Concepts of a list, where those at odd places have a surrogate of their own.
std::vector<ConceptSettings> List(size_t n) {
  std::vector<ConceptSettings> concepts(n);
  for (size_t i = 0; i < n; ++i) {
    concepts[i].prompts = {"a thing " + std::to_string(i)};
    concepts[i].mapping = {"a box"};
    concepts[i].surrogate = {i % 2 == 0 ? "a thing" : "a plant"};
    concepts[i].anchors = {"a dog", "a bear " + std::to_string(i % 3)};
    concepts[i].rank_gate = static_cast<int64_t>(1 + i % 4);
    concepts[i].statistics.num_seeds = 1;
    concepts[i].statistics.num_inference_steps = 4;
    concepts[i].statistics.window_start = 0;
    concepts[i].statistics.window_end = 2;
  }
  return concepts;
}

constexpr int64_t kWidth = 24;
constexpr int64_t kTokens = 16;

GateScoreCollector::Gate GateOf(size_t i, const ConceptSettings& settings) {
  at::manual_seed(100 + i);
  const at::Tensor basis =
      std::get<0>(at::linalg_qr(at::randn({kWidth, settings.rank_gate})));
  at::manual_seed(i % 2);
  return {basis, at::randn({kWidth}) + 3};
}

// The output of one layer in a call of a batch, without its unconditional half.
at::Tensor Activation(size_t batch, int64_t call, size_t rows) {
  at::manual_seed(1000 * batch + static_cast<uint64_t>(call));
  return at::randn({static_cast<int64_t>(rows), kTokens, kWidth}) + 3;
}

// Runs all batches that the concepts of `range` need; hands over whole batches,
// or their anchors' rows.
GateScoreCollector Collect(const std::vector<ConceptSettings>& concepts,
                           const FitPlan& plan, const GateSlots& slots,
                           const ConceptRange& range,
                           bool anchors_alone = false) {
  const std::vector<size_t> batches = BatchesOf(plan, AnchorsOf(plan, range));
  GateScoreCollector collector(
      plan, slots, range, {batches.begin(), batches.end()}, 1,
      [&](size_t i) {
        return std::vector<GateScoreCollector::Gate>{GateOf(i, concepts[i])};
      },
      c10::Device(at::kCPU));
  for (const size_t b : batches) {
    const PassRange& passes = plan.batches[b];
    collector.BeginBatch(b);
    for (int64_t call = 1; call <= 2; ++call) {
      const at::Tensor x = Activation(b, call, passes.end - passes.begin);
      if (anchors_alone) {
        collector.Score(SelectRows(x, AnchorRows(plan, b)), 0);
      } else {
        collector.Record(x, 0, {});
      }
    }
    collector.AddScores(b, Part(collector.TakeScores()));
  }
  return collector;
}

TEST(GateScoreCollectorTest, EqualsTheDefinitionInDoublePrecision) {
  const auto concepts = List(7);
  const FitPlan plan = PlanFit(concepts, 3);
  const GateSlots slots = PlanGateSlots(plan, concepts);
  const auto collector = Collect(concepts, plan, slots, {0, 7});
  for (size_t i = 0; i < concepts.size(); ++i) {
    const auto gate = GateOf(i, concepts[i]);
    std::vector<double> expected;
    for (size_t b = 0; b < plan.batches.size(); ++b) {
      const PassRange& range = plan.batches[b];
      for (size_t p = range.begin; p < range.end; ++p) {
        const auto& anchors = concepts[i].anchors;
        const std::string& prompt = plan.prompts[plan.passes[p].prompt].prompt;
        if (std::find(anchors.begin(), anchors.end(), prompt) == anchors.end())
          continue;
        for (int64_t call = 1; call <= 2; ++call) {
          const at::Tensor y =
              Activation(b, call,
                         range.end -
                             range.begin)[static_cast<int64_t>(p - range.begin)]
                  .to(at::kDouble) -
              gate.surrogate_mean.to(at::kDouble);
          expected.push_back(
              (at::matmul(y, gate.basis.to(at::kDouble)).square().sum(1) /
               y.square().sum(1))
                  .max()
                  .item<double>());
        }
      }
    }
    const std::vector<double>& got = collector.Scores(i, 0);
    ASSERT_EQ(got.size(), expected.size()) << i;
    for (size_t m = 0; m < got.size(); ++m)
      EXPECT_NEAR(got[m], expected[m], 1e-6) << i;
  }
}

TEST(GateScoreCollectorTest, AShardHasTheBitsOfTheWholeList) {
  const auto concepts = List(70);  // four blocks, of 35 and 35
  const FitPlan plan = PlanFit(concepts, 3);
  const GateSlots slots = PlanGateSlots(plan, concepts);
  EXPECT_EQ(slots.blocks.size(), 4u);
  const auto whole = Collect(concepts, plan, slots, {0, 70});
  for (const ConceptRange& range :
       {ConceptRange{0, 1}, ConceptRange{31, 50}, ConceptRange{69, 70}}) {
    const auto shard = Collect(concepts, plan, slots, range);
    for (size_t i = range.begin; i < range.end; ++i)
      EXPECT_EQ(shard.Scores(i, 0), whole.Scores(i, 0)) << i;
  }
}

// As those of activations that were kept are.
TEST(GateScoreCollectorTest, AnchorsRowsAloneHaveTheBitsOfWholeBatches) {
  const auto concepts = List(7);
  const FitPlan plan = PlanFit(concepts, 3);
  const GateSlots slots = PlanGateSlots(plan, concepts);
  // A mapping shares its batch with anchors.
  ASSERT_EQ(AnchorRows(plan, plan.num_first_batches),
            (std::vector<int64_t>{1, 2}));
  const auto whole = Collect(concepts, plan, slots, {0, 7});
  const auto anchors = Collect(concepts, plan, slots, {0, 7}, true);
  for (size_t i = 0; i < concepts.size(); ++i)
    EXPECT_EQ(anchors.Scores(i, 0), whole.Scores(i, 0)) << i;
}

// A resumed build runs batches whose moments are lacking and whose scores are
// there.
TEST(GateScoreCollectorTest, BatchesThatAreNotWantedAreNotScored) {
  const auto concepts = List(7);
  const FitPlan plan = PlanFit(concepts, 3);
  const GateSlots slots = PlanGateSlots(plan, concepts);
  const size_t batch = plan.num_first_batches;
  for (const bool wanted : {true, false}) {
    GateScoreCollector collector(
        plan, slots, {0, 7},
        wanted ? std::set<size_t>{batch} : std::set<size_t>(), 1,
        [&](size_t i) {
          return std::vector<GateScoreCollector::Gate>{GateOf(i, concepts[i])};
        },
        c10::Device(at::kCPU));
    collector.BeginBatch(batch);
    collector.Record(Activation(batch, 1, 3), 0, {});
    EXPECT_EQ(collector.TakeScores().empty(), !wanted);
  }
}

TEST(SelectRowsTest, GivesTheRowsAndCopiesNoNeighbours) {
  const at::Tensor x = at::arange(10, at::kFloat).reshape({5, 2});
  EXPECT_TRUE(at::equal(SelectRows(x, {0, 2, 3}),
                        x.index_select(0, at::tensor({0, 2, 3}, at::kLong))));
  EXPECT_TRUE(SelectRows(x, {1, 2}).is_alias_of(x));
}

}  // namespace
}  // namespace gloce
