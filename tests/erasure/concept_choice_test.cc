#include "erasure/concept_choice.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gloce/base/error.h"

namespace gloce {
namespace {

// A fake encoder: a prompt that ends in a digit d points d·0.2 rad away from
// the target's direction at every position.
at::Tensor Encode(const std::vector<std::string>& prompts) {
  std::vector<at::Tensor> rows;
  for (const std::string& prompt : prompts) {
    const char last = prompt.back();
    const double angle = last >= '0' && last <= '9' ? 0.2 * (last - '0') : 0;
    rows.push_back(at::tensor({std::cos(angle), std::sin(angle)}, at::kDouble)
                       .repeat({12, 1}));
  }
  return at::stack(rows);
}

ConceptRequest Request(const std::string& name, std::vector<std::string> pool) {
  ConceptRequest request;
  request.settings.name = name;
  request.settings.prompts = {"a " + name};
  request.settings.surrogate = {"a thing"};
  request.concept_template = "a {}";
  request.anchor_pool = std::move(pool);
  request.num_anchors = 2;
  request.num_mapping = 1;
  return request;
}

TEST(ChooseConceptsTest, AnchorsAreMostAndMappingLeastSimilar) {
  const auto chosen =
      ChooseConcepts({Request("cat", {"x4", "x1", "x7", "x2"})}, Encode);
  EXPECT_THAT(chosen[0].anchors, testing::ElementsAre("a x2", "a x1"));
  EXPECT_THAT(chosen[0].mapping, testing::ElementsAre("a x7"));
}

TEST(ChooseConceptsTest, ErasedConceptsAreLeftOutWhateverTheirCase) {
  const auto chosen = ChooseConcepts({Request("Cat", {"CAT", "x1", "X2", "x4"}),
                                      Request("x2", {"cat", "x1", "x3", "x4"})},
                                     Encode);
  EXPECT_THAT(chosen[0].anchors, testing::ElementsAre("a x4", "a x1"));
  EXPECT_THAT(chosen[1].anchors, testing::ElementsAre("a x3", "a x1"));
}

TEST(ChooseConceptsTest, ARepeatedNameCountsOnce) {
  const auto chosen =
      ChooseConcepts({Request("cat", {"x1", "X1", "x1", "x4"})}, Encode);
  EXPECT_THAT(chosen[0].anchors, testing::ElementsAre("a x4", "a x1"));
}

// The published code: names that contain the target, compared with case, leave.
TEST(ChooseConceptsTest, ThePublishedFilterKeepsItsFault) {
  ConceptRequest request = Request("Cat", {"Cat", "x5", "x6"});
  request.published_filter = true;
  EXPECT_THAT(ChooseConcepts({request}, Encode)[0].anchors,
              testing::Contains("a cat"));
  request = Request("cat", {"category", "x5", "x6"});
  request.published_filter = true;
  EXPECT_THAT(ChooseConcepts({request}, Encode)[0].anchors,
              testing::Not(testing::Contains("a category")));
}

TEST(ChooseConceptsTest, WithoutAnchorsTheErrorTellsThreeWays) {
  try {
    ChooseConcepts({Request("cat", {})}, Encode);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr("--anchors"),
                               testing::HasSubstr("--anchor-pool"),
                               testing::HasSubstr("--preset")));
  }
}

TEST(ChooseConceptsTest, SimilarityIsOfPositionsOneToEight) {
  // Opposite to the target at as many of the positions 1…8 as the last digit
  // says, and at 0 and 9, which do not count.
  const auto encode = [](const std::vector<std::string>& prompts) {
    at::Tensor states = at::ones({1, 12, 3});
    const char last = prompts.at(0).back();
    const int64_t opposite = last >= '0' && last <= '8' ? last - '0' : 0;
    if (last != 't') {
      states[0][0].fill_(-1);
      states[0][9].fill_(-1);
    }
    states[0].narrow(0, 1, opposite).fill_(-1);
    return states;
  };
  std::vector<ConceptChoice> choices;
  ChooseConcepts({Request("cat", {"x0", "x1", "x8"})}, encode, &choices);
  EXPECT_NEAR(choices[0].anchors[1].similarity, 1, 1e-12);
  EXPECT_NEAR(choices[0].anchors[0].similarity, 6.0 / 8, 1e-12);
  EXPECT_NEAR(choices[0].mapping[0].similarity, -1, 1e-12);
}

}  // namespace
}  // namespace gloce
