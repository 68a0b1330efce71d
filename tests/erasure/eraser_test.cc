#include "gloce/erasure/eraser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "erasure/sample_erasers.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

const std::vector<HookPoint> kHooks = {{"a.attn2.to_out.0", 8, ""},
                                       {"b.attn2.to_out.0", 6, ""}};

// docs/erasure.md: 801 for 10 of 50.
TEST(GateStartTimestepTest, EqualsThePublishedCalls) {
  // 1001 for 0: before PNDM's first call, at 981.
  for (int start = 0; start < 50; ++start)
    EXPECT_EQ(GateStartTimestep(1000, start, 50), 1001 - 20 * start) << start;
}

TEST(MergeErasersTest, PadsRanksWithZerosAndKeepsOrder) {
  const Erasers a = SampleErasers("cat", kHooks, "model", 1, 1);
  const Erasers b = SampleErasers("fox", kHooks, "model", 3, 2);
  const Erasers merged = MergeErasers({a, b});
  ASSERT_EQ(merged.concepts.size(), 2u);
  EXPECT_EQ(merged.concepts[1].settings.name, "fox");
  const at::Tensor& basis = merged.layers[0].gate_basis;
  EXPECT_EQ(basis.sizes(), at::IntArrayRef({2, 8, 3}));
  EXPECT_TRUE(basis[0].narrow(1, 0, 1).equal(a.layers[0].gate_basis[0]));
  EXPECT_EQ(basis[0].narrow(1, 1, 2).abs().sum().item<float>(), 0);
  EXPECT_TRUE(basis[1].equal(b.layers[0].gate_basis[0]));
}

TEST(MergeErasersTest, RefusesOtherModelsHooksAndRepeatedNames) {
  const Erasers a = SampleErasers("cat", kHooks, "model");
  EXPECT_THROW(MergeErasers({a, SampleErasers("fox", kHooks, "other")}), Error);
  EXPECT_THROW(MergeErasers({a, SampleErasers("fox", {kHooks[0]}, "model")}),
               Error);
  EXPECT_THROW(MergeErasers({a, a}), Error);
}

Erasers Shard(const std::string& name, int64_t shard, int64_t num_shards,
              const std::string& list = "list") {
  Erasers erasers = SampleErasers(name, kHooks, "model");
  erasers.shard = {shard, num_shards, list};
  return erasers;
}

std::string MergeMessage(const std::vector<Erasers>& inputs) {
  try {
    MergeErasers(inputs);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(MergeErasersTest, ShardsStandInTheListsOrderWhereTheFirstStands) {
  const Erasers merged =
      MergeErasers({SampleErasers("hat", kHooks, "model"), Shard("owl", 3, 3),
                    SampleErasers("pen", kHooks, "model"), Shard("cat", 1, 3),
                    Shard("fox", 2, 3)});
  EXPECT_EQ(ConceptNames(merged),
            (std::vector<std::string>{"hat", "cat", "fox", "owl", "pen"}));
  EXPECT_FALSE(merged.shard);
}

TEST(MergeErasersTest, MissingAndRepeatedShardsAreNamed) {
  EXPECT_THAT(MergeMessage({Shard("cat", 2, 4), Shard("fox", 4, 4)}),
              testing::AllOf(testing::HasSubstr("shard 1/4, 3/4 is missing"),
                             testing::HasSubstr("2/4 holds \"cat\"")));
  EXPECT_THAT(
      MergeMessage(
          {Shard("cat", 1, 2), Shard("fox", 2, 2), Shard("fox", 2, 2)}),
      testing::HasSubstr("shard 2/2, with concept \"fox\", is given twice"));
  EXPECT_THAT(MergeMessage({Shard("cat", 1, 2), Shard("fox", 2, 2, "other")}),
              testing::AllOf(testing::HasSubstr("missing"),
                             testing::HasSubstr("another list")));
}

TEST(SelectConceptsTest, TakesRowsAndNamesTheKnownOnesOtherwise) {
  const Erasers a = SampleErasers("cat", kHooks, "model", 1, 1);
  const Erasers b = SampleErasers("fox", kHooks, "model", 1, 2);
  const Erasers merged = MergeErasers({a, b});
  const Erasers fox = SelectConcepts(merged, {"fox"});
  ASSERT_EQ(fox.concepts.size(), 1u);
  EXPECT_TRUE(fox.layers[1].map_up.equal(b.layers[1].map_up));
  try {
    SelectConcepts(merged, {"wolf"});
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("cat, fox"));
  }
}

}  // namespace
}  // namespace gloce
