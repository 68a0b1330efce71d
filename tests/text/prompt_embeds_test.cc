#include "text/prompt_embeds.h"

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gtest/gtest.h>

#include <memory>

#include "gloce/bundle/bundle.h"

namespace gloce {
namespace {

// Hears of every tensor that this thread allocates.
struct Allocations : c10::MemoryReportingInfoBase {
  void reportMemoryUsage(void* /*pointer*/, int64_t size, size_t /*allocated*/,
                         size_t /*reserved*/, c10::Device /*device*/) override {
    if (size > 0) bytes += size;
  }
  bool memoryProfilingEnabled() const override { return true; }
  int64_t bytes = 0;
};

class PromptEncoderTest : public testing::Test {
 protected:
  // Bytes of all that is allocated while the prompts are encoded: a run of the
  // network takes many times what it returns.
  int64_t BytesOf(const std::vector<std::string>& prompts) {
    const auto allocations = std::make_shared<Allocations>();
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE,
                                    allocations);
    embeddings_ = encoder_.Encode(prompts);
    return allocations->bytes;
  }

  const Bundle bundle_{GLOCE_BUNDLES "/emoji"};
  PromptEncoder encoder_{bundle_, {}};
  at::Tensor embeddings_;
};

TEST_F(PromptEncoderTest, EncodesARepeatedPromptOnce) {
  BytesOf({"a cat"});  // what the first run alone allocates is allocated
  const int64_t once = BytesOf({"a dog"});
  ASSERT_GT(once, 10 * static_cast<int64_t>(embeddings_.nbytes()));
  const int64_t again = BytesOf({"a dog", "a cat", "a dog"});
  EXPECT_EQ(again, static_cast<int64_t>(embeddings_.nbytes()))
      << "in a later call";
  const int64_t twice = BytesOf({"an owl", "an owl"});
  EXPECT_LT(twice, once + once / 2) << "in the same call";
  EXPECT_TRUE(embeddings_[0].equal(embeddings_[1]));
}

}  // namespace
}  // namespace gloce
