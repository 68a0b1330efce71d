#include "eval/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/figures_text.h"
#include "eval/ranked_rows.h"

namespace gloce {
namespace {

using testing::ElementsAre;

PictureFacts Shows(const std::vector<size_t>& labels) {
  PictureFacts facts;
  for (const size_t label : labels) facts.labels.push_back({label, 0.9F, true});
  return facts;
}

// A picture that asks for `erased` and `kept` and shows `shown`.
struct Case {
  std::vector<size_t> erased, kept, shown;
};

// Rows of one folder.
Evaluation EvaluationOf(const std::vector<Case>& cases) {
  Evaluation evaluation;
  evaluation.labels = {"owl", "cat", "pizza"};
  evaluation.sets.resize(1);
  EvaluatedSet& set = evaluation.sets[0];
  set.role = "erased";
  for (size_t i = 0; i < cases.size(); ++i) {
    evaluation.rows.push_back({cases[i].erased, cases[i].kept});
    set.picture_of_row.emplace_back(i);
    set.facts.push_back(Shows(cases[i].shown));
  }
  return evaluation;
}

std::vector<Figure> FiguresOfSet(const Evaluation& evaluation,
                                 const std::vector<size_t>& erased = {}) {
  const auto all = std::make_shared<const std::vector<size_t>>(erased);
  std::vector<AskedPicture> rows = evaluation.rows;
  for (AskedPicture& row : rows) {
    if (!erased.empty()) row.all_erased = all;
  }
  std::vector<JudgedPicture> pictures;
  for (size_t i = 0; i < evaluation.rows.size(); ++i)
    pictures.push_back({&rows[i], &evaluation.sets[0].facts[i]});
  return FiguresOf("set", pictures);
}

const Figure& Named(const std::vector<Figure>& figures, const char* name) {
  for (const Figure& figure : figures) {
    if (figure.name == name) return figure;
  }
  throw std::out_of_range(name);
}

TEST(FiguresTest, ErasedKeptAndBesideAreApart) {
  const auto figures = FiguresOfSet(EvaluationOf({
      {{0}, {}, {}},        // erased
      {{0}, {}, {0}},       // still there
      {{0}, {2}, {0, 2}},   // still there, beside what is kept
      {{0, 1}, {2}, {1}},   // half there; the other thing is gone
      {{}, {2}, {2}},       // kept
      {{}, {2, 1}, {2}},    // half kept
      {{}, {}, {0, 1, 2}},  // asks for nothing
  }));
  EXPECT_EQ(Named(figures, "erased_accuracy").value, (0 + 1 + 1 + 0.5) / 4);
  EXPECT_EQ(Named(figures, "erased_accuracy").n, 4);
  EXPECT_EQ(Named(figures, "kept_accuracy").value, (1 + 0.5) / 2);
  EXPECT_EQ(Named(figures, "beside_accuracy").value, 0.5);
  EXPECT_DOUBLE_EQ(Named(figures, "harmonic_mean").value,
                   2 / (1 / 0.375 + 1 / 0.75));
  EXPECT_EQ(Named(figures, "harmonic_mean").n, 6);
  for (const Figure& figure : figures) {
    EXPECT_LE(figure.interval->low, figure.value) << figure.name;
    EXPECT_GE(figure.interval->high, figure.value) << figure.name;
  }
}

TEST(FiguresTest, AnythingErasedCountsWhateverIsAskedFor) {
  const auto figures = FiguresOfSet(EvaluationOf({
                                        {{0}, {}, {1}},  // the other erased one
                                        {{0}, {}, {}},
                                        {{}, {2}, {0, 1}},
                                        {{}, {2}, {2}},
                                        {{}, {}, {2}},
                                    }),
                                    {0, 1});
  EXPECT_EQ(Named(figures, "erased_accuracy").value, 0);
  EXPECT_EQ(Named(figures, "any_erased").value, 0.4);
  EXPECT_EQ(Named(figures, "any_erased").n, 5);
}

TEST(FiguresTest, WithoutPicturesThereIsNoFigure) {
  EXPECT_TRUE(FiguresOfSet(EvaluationOf({{{}, {}, {0}}})).empty());
  const auto figures = FiguresOfSet(EvaluationOf({{{0}, {}, {}}}));
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_EQ(figures[0].name, "erased_accuracy");
}

TEST(FiguresTest, BrokenPicturesAreLeftOut) {
  Evaluation evaluation = EvaluationOf({{{0}, {}, {0}}, {{0}, {}, {}}});
  evaluation.sets[0].facts[0].fault = "a.png: is no PNG";
  EXPECT_EQ(FiguresOfSet(evaluation)[0].n, 1);
}

TEST(FiguresTest, ATableShowsThemToPeople) {
  Figure figure;
  figure.label = "H";
  figure.unit = "share";
  figure.set = "GLoCE";
  figure.value = 0.987;
  figure.interval = {0.95, 1};
  figure.n = 12;
  Figure other = figure;
  other.set = "before";
  other.interval.reset();
  EXPECT_EQ(FiguresTable({figure, other}),
            "     GLoCE                    before\n"
            "H %  98.7 [95.0, 100.0] n=12  98.7 n=12\n");
}

TEST(FiguresTest, ACsvHasThemInFull) {
  Figure figure;
  figure.name = "fid";
  figure.set = "a, \"b\"";
  figure.value = 0.1;
  figure.n = 3;
  EXPECT_EQ(FiguresCsv({figure}),
            "set,name,value,low,high,n\r\n\"a, \"\"b\"\"\",fid,0.1,,,3\r\n");
}

TEST(RankedRowsTest, WorstComeFirst) {
  Evaluation evaluation = EvaluationOf({
      {{}, {2}, {2}},   // fine
      {{0}, {2}, {2}},  // fine
      {{}, {2}, {}},    // pizza is gone
      {{0}, {}, {0}},   // owl is still there
  });
  evaluation.sets[0].facts[0].difference = PictureDifference{0.3, 0.1, {}, {}};
  const auto ranked = RankRows(evaluation);
  std::vector<size_t> rows;
  for (const RankedRow& row : ranked) rows.push_back(row.row);
  EXPECT_THAT(rows, ElementsAre(2, 3, 0, 1));
  EXPECT_THAT(ranked[0].failures, ElementsAre("pizza is gone"));
  EXPECT_THAT(ranked[1].failures, ElementsAre("owl is still there"));
  EXPECT_FLOAT_EQ(static_cast<float>(ranked[1].badness), 0.95F);
  EXPECT_TRUE(ranked[2].failures.empty());
}

TEST(RankedRowsTest, WhatTheModelNeverDrewIsNoFailure) {
  Evaluation evaluation = EvaluationOf({{{}, {2}, {}}});
  EvaluatedSet before = evaluation.sets[0];
  before.role = "before";
  evaluation.sets.push_back(before);
  EXPECT_TRUE(RankRows(evaluation)[0].failures.empty());
  evaluation.sets[1].facts[0] = Shows({2});
  EXPECT_FALSE(RankRows(evaluation)[0].failures.empty());
}

TEST(RankedRowsTest, AChoiceHasTheWorstAndSomeOfTheRest) {
  std::vector<RankedRow> ranked(100);
  for (size_t i = 0; i < ranked.size(); ++i) ranked[i].row = i;
  const auto chosen = ChooseRows(ranked, 8);
  std::vector<size_t> rows;
  for (const RankedRow& row : chosen) rows.push_back(row.row);
  EXPECT_THAT(rows, ElementsAre(0, 1, 2, 3, 4, 5, 6, 53));
  EXPECT_EQ(ChooseRows(ranked, 1000).size(), 100u);
}

}  // namespace
}  // namespace gloce
