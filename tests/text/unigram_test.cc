#include "text/unigram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "error_text.h"

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<int64_t> Encode(const Unigram& unigram, const std::string& word) {
  std::vector<int64_t> ids;
  unigram.Encode(word, ids);
  return ids;
}

TEST(UnigramTest, TakesTheMostProbableSegmentation) {
  const Unigram unigram(
      {{"?", 0}, {"a", -2}, {"b", -2}, {"ab", -3}, {"aab", -6}}, 0, "m");
  EXPECT_THAT(Encode(unigram, ""), IsEmpty());
  EXPECT_THAT(Encode(unigram, "ab"), ElementsAre(3));
  EXPECT_THAT(Encode(unigram, "aab"), ElementsAre(1, 3));
  EXPECT_THAT(Encode(unigram, "bab"), ElementsAre(2, 3));
}

TEST(UnigramTest, OfEqualSegmentationsTakesTheLongestLastPiece) {
  const Unigram unigram({{"?", 0}, {"a", -2}, {"aa", -3}}, 0, "m");
  EXPECT_THAT(Encode(unigram, "aaa"), ElementsAre(1, 2));
}

TEST(UnigramTest, GivesOneUnknownForARun) {
  const Unigram unigram({{"?", 0}, {"a", -2}}, 0, "m");
  EXPECT_THAT(Encode(unigram,
                     "\u4f60\u597d"
                     "a\U0001f63a!"),
              ElementsAre(0, 1, 0));
  std::vector<int64_t> ids = {0};  // of an earlier word
  unigram.Encode("xa", ids);
  EXPECT_THAT(ids, ElementsAre(0, 0, 1));
}

// An unknown letter costs ten more than the least probable piece. With scores
// above 0 for "a" that can be seen: "ab" at −20 loses against "a" and an
// unknown "b" once "a" is worth more than 10.
TEST(UnigramTest, PenalisesTheUnknown) {
  const auto encode = [](double a) {
    return Encode(Unigram({{"?", 0}, {"a", a}, {"ab", -20}}, 0, "m"), "ab");
  };
  EXPECT_THAT(encode(9.9), ElementsAre(2));
  EXPECT_THAT(encode(10.1), ElementsAre(1, 0));
}

TEST(UnigramTest, RefusesBrokenPieces) {
  const auto error = [](const std::vector<UnigramPiece>& pieces, int64_t unk) {
    return ErrorText([&] { Unigram(pieces, unk, "m"); });
  };
  EXPECT_EQ(error({}, 0), "m: unk id: got 0, expected one of its 0 pieces");
  EXPECT_EQ(error({{"a", 0}}, 1),
            "m: unk id: got 1, expected one of its 1 pieces");
  EXPECT_EQ(error({{"a", 0}}, -1),
            "m: unk id: got -1, expected one of its 1 pieces");
  EXPECT_EQ(error({{"a", 0}, {"", 0}}, 0), "m: piece 1 \"\": is empty");
  EXPECT_EQ(error({{"b", 0}, {"a", 0}, {"b", -1}}, 0),
            "m: piece 2 \"b\": is piece 0 too");
  EXPECT_EQ(error({{"a", std::nan("")}}, 0),
            "m: piece 0 \"a\": its score is not finite");
  EXPECT_EQ(error({{"a", -std::numeric_limits<double>::infinity()}}, 0),
            "m: piece 0 \"a\": its score is not finite");
}

struct Segmentation {
  double score = 0;
  std::vector<int64_t> ids;
};

// All segmentations of `word`, 0 for a letter that is no piece by itself.
std::vector<Segmentation> AllSegmentations(
    const std::vector<UnigramPiece>& pieces, std::string_view word,
    double unknown_score) {
  if (word.empty()) return {{}};
  std::vector<Segmentation> all;
  const auto extend = [&](double score, int64_t id, size_t length) {
    for (Segmentation rest :
         AllSegmentations(pieces, word.substr(length), unknown_score)) {
      rest.score += score;
      rest.ids.insert(rest.ids.begin(), id);
      all.push_back(rest);
    }
  };
  bool has_letter = false;
  for (size_t i = 1; i < pieces.size(); ++i) {
    if (!word.starts_with(pieces[i].text)) continue;
    has_letter = has_letter || pieces[i].text.size() == 1;
    extend(pieces[i].score, static_cast<int64_t>(i), pieces[i].text.size());
  }
  if (!has_letter) extend(unknown_score, 0, 1);
  return all;
}

std::vector<int64_t> FuseUnknown(const std::vector<int64_t>& ids) {
  std::vector<int64_t> fused;
  for (const int64_t id : ids) {
    if (id != 0 || fused.empty() || fused.back() != 0) fused.push_back(id);
  }
  return fused;
}

TEST(UnigramTest, EqualsTheDefinitionOnRandomModels) {
  std::mt19937 random(11);
  const auto text = [&](size_t longest) {
    std::string letters(1 + random() % longest, ' ');
    for (char& c : letters) c = static_cast<char>('a' + random() % 4);
    return letters;
  };
  int with_unknown = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<UnigramPiece> pieces = {{"?", 0}};
    std::set<std::string> known;
    double least = 0;
    for (int i = 0; i < 10; ++i) {
      const std::string piece = text(3);
      if (!known.insert(piece).second) continue;
      // No two sums are alike.
      pieces.push_back(
          {piece, -std::sqrt(2.0 + static_cast<double>(random() % 100'000))});
      least = std::min(least, pieces.back().score);
    }
    const std::string word = text(9);
    const auto all = AllSegmentations(pieces, word, least - 10);
    double best = -std::numeric_limits<double>::infinity();
    for (const Segmentation& one : all) best = std::max(best, one.score);
    // Several may have the same score, up to rounding ("ab" "a", "a" "ba").
    std::set<std::vector<int64_t>> expected;
    for (const Segmentation& one : all) {
      if (one.score > best - 1e-9) expected.insert(FuseUnknown(one.ids));
    }
    const std::vector<int64_t> got = Encode(Unigram(pieces, 0, "m"), word);
    with_unknown += std::count(got.begin(), got.end(), 0) > 0;
    EXPECT_TRUE(expected.contains(got)) << word;
  }
  EXPECT_GT(with_unknown, 30);
  EXPECT_LT(with_unknown, 270);
}

TEST(UnigramTest, EncodesAWordOfAMegabyteInTime) {
  const Unigram unigram({{"?", 0}, {"a", -2}, {"aa", -3}, {"b", -4}}, 0, "m");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Encode(unigram, std::string(1'000'000, 'a')).size(), 500'000U);
  EXPECT_LT(std::chrono::steady_clock::now() - start,
            std::chrono::seconds(120));
}

}  // namespace
}  // namespace gloce
