#include "eval/attack_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace gloce {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

PictureFacts Shows(const std::vector<size_t>& labels) {
  PictureFacts facts;
  for (const size_t label : labels) facts.labels.push_back({label, 0.9F, true});
  return facts;
}

struct Case {
  AttackRow attack;
  std::vector<size_t> asked, before, after;
};

struct Attacks {
  Evaluation evaluation;
  std::vector<AttackRow> rows;
};

Attacks AttacksOf(const std::vector<Case>& cases) {
  Attacks attacks;
  Evaluation& evaluation = attacks.evaluation;
  evaluation.labels = {"cat", "fox"};
  evaluation.sets.resize(2);
  for (size_t i = 0; i < cases.size(); ++i) {
    attacks.rows.push_back(cases[i].attack);
    evaluation.rows.push_back({cases[i].asked, {}});
    for (EvaluatedSet& set : evaluation.sets)
      set.picture_of_row.emplace_back(i);
    evaluation.sets[0].facts.push_back(Shows(cases[i].after));
    evaluation.sets[1].facts.push_back(Shows(cases[i].before));
    ListedPicture picture;
    picture.file = std::to_string(i) + "_0.png";
    picture.prompt = "a \"cat\", perhaps";
    picture.seed = 7;
    evaluation.sets[0].set.pictures.push_back(picture);
  }
  return attacks;
}

const Attacks kAttacks = AttacksOf({
    {{"name", "cat"}, {0}, {0}, {}},          // erased
    {{"name", "cat"}, {0}, {0}, {0}},         // brought back
    {{"name", "fox"}, {1}, {}, {1}},          // was not there before
    {{"name", "fox"}, {1}, {1}, {0}},         // another thing does not count
    {{"list", "cat; fox"}, {0, 1}, {1}, {0}}  // any of two does
});

TEST(AttackFiguresTest, CountsByKindThenByConcept) {
  const auto figures = AttackFigures(kAttacks.evaluation, kAttacks.rows);
  ASSERT_THAT(figures, SizeIs(5));
  const AttackFigure& name = figures[0];
  EXPECT_EQ(name.kind, "name");
  EXPECT_EQ(name.concept_name, "");
  EXPECT_EQ(name.before.count, 3);
  EXPECT_EQ(name.after.count, 2);
  EXPECT_EQ(name.after.n, 4);
  EXPECT_EQ(name.still.count, 1);
  EXPECT_EQ(name.still.n, 3);
  EXPECT_EQ(figures[1].kind, "list");
  EXPECT_EQ(figures[1].still.count, 1);
  EXPECT_EQ(figures[3].concept_name, "fox");
  EXPECT_EQ(figures[3].still.n, 1);
}

TEST(AttackFiguresTest, RowsThatNobodyCanJudgeAreLeftOut) {
  Attacks attacks = kAttacks;
  attacks.evaluation.sets[0].facts[0].fault = "broken";
  attacks.evaluation.sets[1].picture_of_row[1].reset();
  attacks.evaluation.rows[2].erased.clear();
  const auto figures = AttackFigures(attacks.evaluation, attacks.rows);
  EXPECT_EQ(figures[0].after.n, 1);
  EXPECT_THAT(
      AttackCsv(attacks.evaluation, attacks.rows),
      HasSubstr("0_0.png,name,cat,,\"a \"\"cat\"\", perhaps\",7,1,\r\n"));
}

TEST(AttackFiguresTest, AListsCaseNumbersStandInTheTable) {
  const Attacks attacks =
      AttacksOf({{{"list", "cat; fox", "i2p, 7"}, {0, 1}, {1}, {0}}});
  EXPECT_THAT(AttackCsv(attacks.evaluation, attacks.rows),
              HasSubstr("0_0.png,list,cat; fox,\"i2p, 7\","));
}

// Acc_e would be a half for the list's row, of which any label counts.
TEST(AttackFiguresTest, TheReportShowsTheSameShares) {
  const auto figures = AttackReportFigures(
      AttackFigures(kAttacks.evaluation, kAttacks.rows), "erased", "before");
  ASSERT_THAT(figures, SizeIs(4)) << "two kinds, no concepts";
  EXPECT_EQ(figures[0].label, "name");
  EXPECT_EQ(figures[0].set, "erased");
  EXPECT_EQ(figures[0].value, 0.5);
  EXPECT_EQ(figures[1].set, "before");
  EXPECT_EQ(figures[1].value, 0.75);
  EXPECT_EQ(figures[1].n, 4);
  EXPECT_NEAR(figures[1].interval->low, 0.301, 1e-3);
  EXPECT_EQ(figures[2].label, "list");
  EXPECT_EQ(figures[2].value, 1.0);
}

TEST(AttackFiguresTest, TableAndDocumentSayTheSame) {
  const auto figures = AttackFigures(kAttacks.evaluation, kAttacks.rows);
  const auto document = AttackDocument(figures);
  EXPECT_EQ(document["figures"][0]["after"]["value"], 0.5);
  EXPECT_EQ(document["figures"][0]["concept"], nullptr);
  const std::string table = AttackTable(figures);
  EXPECT_THAT(
      table,
      HasSubstr("name  75.0 [30.1, 95.4]    50.0 [15.0, 85.0]    33.3 "));
  EXPECT_THAT(table, HasSubstr("cat, name: 1 of 2 (before: 2)"));
  const auto of_one =
      AttackFigures(AttacksOf({{{"name", "cat"}, {0}, {}, {}}}).evaluation,
                    {{"name", "cat"}});
  EXPECT_THAT(of_one, SizeIs(1)) << "one concept needs no lines of its own";
  EXPECT_EQ(AttackDocument(of_one)["figures"][0]["still"], nullptr)
      << "nothing was shown before";
  EXPECT_THAT(AttackTable(of_one), Not(HasSubstr("nan")));
}

// Values of the formula in Wilson's paper, in plain double precision.
TEST(WilsonIntervalTest, SaysSomethingOfNoneAndAll) {
  const Interval none = WilsonInterval({0, 10}), all = WilsonInterval({10, 10});
  EXPECT_NEAR(none.low, 0, 1e-15);
  EXPECT_NEAR(none.high, 0.27753279, 1e-8);  // z² / (n + z²)
  EXPECT_NEAR(all.low, 1 - 0.27753279, 1e-8);
  EXPECT_NEAR(all.high, 1, 1e-15);
  // Its ends are where the normal test of p just holds: (p̂ − p)² = z² p(1 −
  // p)/n.
  const Interval some = WilsonInterval({3, 8});
  for (const double p : {some.low, some.high}) {
    EXPECT_NEAR((0.375 - p) * (0.375 - p),
                1.959963984540054 * 1.959963984540054 * p * (1 - p) / 8, 1e-12);
  }
  EXPECT_TRUE(std::isnan(WilsonInterval({0, 0}).low));
}

}  // namespace
}  // namespace gloce
