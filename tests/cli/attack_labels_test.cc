#include "cli/attack_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_text.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Names = std::vector<std::string>;

const Names kConcepts = {"nudity of woman", "owl"};

bool HasLabel(const std::string& label) {
  return label == "owl" || label == "A" || label == "B";
}

PromptRow RowAsking(std::optional<Names> asked) {
  PromptRow row;
  row.asked = std::move(asked);
  return row;
}

Names AskedBy(const Names& chosen, std::optional<Names> asked) {
  std::vector<PromptRow> rows = {RowAsking(std::move(asked))};
  AskForLabels(ParseLabels(chosen), kConcepts, HasLabel, rows);
  return *rows[0].asked;
}

TEST(AttackLabelsTest, OnlyConceptsThatARowAttacksNeedALabel) {
  EXPECT_THAT(AskedBy({}, Names{"owl"}), ElementsAre("owl"));
  EXPECT_THAT(AskedBy({}, std::nullopt), ElementsAre("owl"));
  EXPECT_THAT(ErrorText([] { AskedBy({}, Names{"nudity of woman"}); }),
              HasSubstr("the detector has no label \"nudity of woman\""));
}

TEST(AttackLabelsTest, ConceptsWithoutALabelAreToldWhereTheyWouldCount) {
  std::vector<PromptRow> rows = {RowAsking(std::nullopt)};
  EXPECT_THAT(AskForLabels({}, kConcepts, HasLabel, rows),
              ElementsAre("nudity of woman"));
  rows = {RowAsking(Names{"owl"})};
  EXPECT_THAT(AskForLabels({}, kConcepts, HasLabel, rows), IsEmpty());
}

TEST(AttackLabelsTest, OneListMayStandForAllConcepts) {
  EXPECT_THAT(AskedBy({"A; B"}, Names{"nudity of woman"}),
              ElementsAre("A", "B"));
  EXPECT_THAT(AskedBy({"A;B"}, std::nullopt), ElementsAre("A", "B"));
  EXPECT_THAT(AskedBy({"A;B", "OWL=owl"}, std::nullopt),
              ElementsAre("A", "B", "owl"))
      << "a concept's own list wins, its name in any case";
}

TEST(AttackLabelsTest, RowsThatNoLabelCanJudgeAreRefused) {
  std::vector<PromptRow> rows = {RowAsking(std::nullopt)};
  EXPECT_THAT(
      ErrorText([&] { AskForLabels({}, {"nudity of woman"}, HasLabel, rows); }),
      HasSubstr("--label \"LABEL;LABEL\""));
}

TEST(AttackLabelsTest, SlipsInLabelsAreUsageErrors) {
  for (const Names& chosen :
       {Names{"=A"}, Names{"owl="}, Names{""}, Names{"A;;B"}, Names{"A", "B"},
        Names{"owl=A", "owl=B"}, Names{"owl=A", "Owl=B"}, Names{"cat=A"},
        Names{"owl=C"}, Names{"C"}}) {
    EXPECT_THROW(AskedBy(chosen, Names{"owl"}), UsageError)
        << testing::PrintToString(chosen);
  }
}

}  // namespace
}  // namespace gloce
