#include "eval/asked_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gloce/base/error.h"

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const AskedLabels& Labels() {
  static const AskedLabels labels(
      {"cat", "panda", "red panda", "pixel art", "Brad Pitt", "dish"});
  return labels;
}

TEST(AskedLabelsTest, FindsWholeWordsInAnyCase) {
  EXPECT_THAT(Labels().In("a picture of a cat"), ElementsAre(0));
  EXPECT_THAT(Labels().In("CAT, pixel  art"), ElementsAre(0, 3));
  EXPECT_THAT(Labels().In("a portrait of brad pitt."), ElementsAre(4));
  EXPECT_THAT(Labels().In("a category, concatenated"), IsEmpty());
  EXPECT_THAT(Labels().In("pixel, then art"), IsEmpty());
  EXPECT_THAT(Labels().In(""), IsEmpty());
}

TEST(AskedLabelsTest, PluralsCount) {
  EXPECT_THAT(Labels().In("two cats and three dishes"), ElementsAre(0, 5));
  EXPECT_THAT(Labels().In("catss"), IsEmpty());
}

TEST(AskedLabelsTest, TheLongestOfThoseThatOverlapCounts) {
  EXPECT_THAT(Labels().In("a red panda"), ElementsAre(2));
  EXPECT_THAT(Labels().In("a panda and a red panda"), ElementsAre(1, 2));
  EXPECT_THAT(Labels().In("a red, panda"),
              ElementsAre(2));  // marks divide words
}

TEST(AskedLabelsTest, RefusesWhatIsNoUtf8) {
  EXPECT_THROW(Labels().In("a cat \xff"), Error);
}

}  // namespace
}  // namespace gloce
