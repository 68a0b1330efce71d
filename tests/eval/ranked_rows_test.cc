#include "eval/ranked_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

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
  evaluation.rows = rows;
  for (AskedPicture& row : evaluation.rows)
    row.all_erased =
        std::make_shared<const std::vector<size_t>>(std::vector<size_t>{0, 1});
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

// A job may erase another concept from each picture.
TEST(RankedRowsTest, WhatWasErasedFromOtherPicturesMayBeThere) {
  Evaluation evaluation = Erased({{{}, {1}}}, {{1}});
  evaluation.rows[0].all_erased =
      std::make_shared<const std::vector<size_t>>(std::vector<size_t>{0});
  EXPECT_THAT(RankRows(evaluation)[0].failures, IsEmpty());
}

TEST(RankedRowsTest, WhatIsGoneIsAFailure) {
  const auto ranked = RankRows(Erased({{{}, {2}}}, {{}}));
  EXPECT_THAT(ranked[0].failures, ElementsAre("owl is gone"));
}

}  // namespace
}  // namespace gloce
