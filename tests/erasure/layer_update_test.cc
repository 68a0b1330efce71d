#include "erasure/layer_update.h"

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "erasure/sample_erasers.h"

namespace gloce {
namespace {

// 2 % of Stable Diffusion 1.4's U-Net in float32.
constexpr int64_t kAllowedBytes = int64_t{859'520'964} * 4 / 50;

// Hears of this thread's allocations.
struct MemoryReports : c10::MemoryReportingInfoBase {
  void reportMemoryUsage(void* /*pointer*/, int64_t size, size_t /*allocated*/,
                         size_t /*reserved*/, c10::Device /*device*/) override {
    bytes += size;
    peak = std::max(peak, bytes);
  }
  bool memoryProfilingEnabled() const override { return true; }
  int64_t bytes = 0, peak = 0;
};

class WorkingMemoryTest : public testing::TestWithParam<std::pair<int, int>> {};

// The largest layer with guidance, gates open on every token: 8 pictures and
// 300 concepts with surrogates of their own, a quarter and 10,000.
INSTANTIATE_TEST_SUITE_P(All, WorkingMemoryTest,
                         testing::Values(std::pair(16 * 4096, 300),
                                         std::pair(2048, 10000)));

TEST_P(WorkingMemoryTest, IsThatOfABlockWhateverTheTokensAndConcepts) {
  constexpr int64_t kWidth = 320;
  const auto [num_tokens, num_concepts] = GetParam();
  std::vector<Erasers> each;
  for (int i = 0; i < num_concepts; ++i) {
    each.push_back(SampleErasers(std::to_string(i), {{"layer", kWidth, ""}},
                                 "model", 1, i));
  }
  const Erasers erasers = MergeErasers(each);
  const LayerUpdate update(erasers.layers[0], erasers.concepts, 1, at::kCPU);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor rows = at::randn({num_tokens, kWidth}).to(type);
    const auto reports = std::make_shared<MemoryReports>();
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE,
                                    reports);
    const WidestGates widest = update.Widest(rows, {});
    update.Apply(rows, {widest.logit.zero_(), widest.concepts}, true);
    EXPECT_GT(reports->peak, 0) << "nothing was measured";
    EXPECT_LE(reports->peak, kAllowedBytes);
    EXPECT_LE(reports->peak, 16 << 20);  // blocks of 6 MiB
  }
}

TEST(LayerUpdateTest, InPlaceOrNotGivesTheSameBitsInEveryType) {
  const Erasers erasers =
      MergeErasers({SampleErasers("a", {{"layer", 64, ""}}, "model", 1, 1),
                    SampleErasers("b", {{"layer", 64, ""}}, "model", 1, 2)});
  const LayerUpdate update(erasers.layers[0], erasers.concepts, 1, at::kCPU);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor rows = at::randn({9000, 64}).to(type);
    const at::Tensor given = rows.clone();
    const WidestGates widest = update.Widest(rows, {});
    const at::Tensor expected = update.Apply(rows, widest, false);
    EXPECT_TRUE(rows.equal(given));
    EXPECT_FALSE(expected.equal(given)) << "no gate was open";
    EXPECT_TRUE(update.Apply(rows, widest, true).is_same(rows));
    EXPECT_TRUE(rows.equal(expected));
  }
}

}  // namespace
}  // namespace gloce
