#include "eval/ranked_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gloce {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Labels 0 and 1 were erased.
Evaluation Erased(const std::vector<AskedPicture>& rows,
                  const std::vector<std::vector<size_t>>& shown) {
  Evaluation evaluation;
  evaluation.labels = {"cat", "pizza", "owl"};
  evaluation.erased = {"cat", "pizza"};
  evaluation.erased_labels = {0, 1};
  evaluation.rows = rows;
  evaluation.sets.resize(1);
  EvaluatedSet& set = evaluation.sets[0];
  set.role = "erased";
  for (size_t row = 0; row < rows.size(); ++row) {
    PictureFacts facts;
    for (const size_t label : shown[row])
      facts.labels.push_back({label, 0.9F, true});
    set.facts.push_back(facts);
    set.picture_of_row.emplace_back(row);
  }
  return evaluation;
}

TEST(RankedRowsTest, WhateverWasErasedAndIsThereIsAFailure) {
  const auto ranked = RankRows(Erased(
      {{{0}, {}}, {{0}, {}}, {{}, {2}}, {{0}, {}}}, {{}, {1}, {1, 2}, {0}}));
  ASSERT_EQ(ranked.size(), 4u);
  EXPECT_THAT(ranked[0].failures,
              ElementsAre("pizza is there, which was erased"));
  EXPECT_THAT(ranked[1].failures,
              ElementsAre("pizza is there, which was erased"));
  EXPECT_THAT(ranked[2].failures, ElementsAre("cat is still there"));
  EXPECT_THAT(ranked[3].failures, IsEmpty());
  EXPECT_EQ(ranked[3].row, 0u);
}

TEST(RankedRowsTest, WhatIsGoneIsAFailure) {
  const auto ranked = RankRows(Erased({{{}, {2}}}, {{}}));
  EXPECT_THAT(ranked[0].failures, ElementsAre("owl is gone"));
}

}  // namespace
}  // namespace gloce
