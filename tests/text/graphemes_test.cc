// Equality with the library's boundaries is tested by
// scripts/check_sentencepiece.py; here are the rules by themselves.
#include "text/graphemes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<size_t> Lengths(std::u32string_view text) {
  std::vector<size_t> lengths;
  while (!text.empty()) {
    lengths.push_back(GraphemeLength(text));
    text.remove_prefix(lengths.back());
  }
  return lengths;
}

TEST(GraphemesTest, EndsAtMostCodePoints) {
  EXPECT_THAT(Lengths(U""), IsEmpty());
  EXPECT_THAT(Lengths(U"ab \u4f60"), ElementsAre(1, 1, 1, 1));
}

TEST(GraphemesTest, KeepsMarksWithTheirBase) {
  EXPECT_THAT(Lengths(U"e\u0301\u0302x"), ElementsAre(3, 1));
  EXPECT_THAT(Lengths(U"\u0915\u0903a\u200db"), ElementsAre(2, 2, 1));
  EXPECT_THAT(Lengths(U"\u0301a"), ElementsAre(1, 1));
}

TEST(GraphemesTest, ControlCharactersStandAlone) {
  EXPECT_THAT(Lengths(U"\r\n\u0301\n\r"), ElementsAre(2, 1, 1, 1));
  EXPECT_THAT(Lengths(U"\u0600\na\u200b\u0301"), ElementsAre(1, 1, 1, 1, 1));
}

TEST(GraphemesTest, PrependedSignsTakeWhatFollows) {
  EXPECT_THAT(Lengths(U"\u0600\u0601a\u0301b"), ElementsAre(4, 1));
}

TEST(GraphemesTest, ComposesHangul) {
  EXPECT_THAT(Lengths(U"\u1100\u1161\u11a8\u1100"), ElementsAre(3, 1));
  EXPECT_THAT(Lengths(U"\uac00\u11a8\uac01\u11a8"), ElementsAre(2, 2));
  EXPECT_THAT(Lengths(U"\uac01\u1161\u11a8\u1161"), ElementsAre(1, 2, 1));
}

TEST(GraphemesTest, JoinsPictographsByAJoinerOnly) {
  EXPECT_THAT(Lengths(U"\U0001f469\u200d\U0001f680\U0001f680"),
              ElementsAre(3, 1));
  EXPECT_THAT(Lengths(U"\u00a9\ufe0f\u200d\u00aea\u200d\u00ae"),
              ElementsAre(4, 2, 1));
  EXPECT_THAT(Lengths(U"\u00a9\u200d\u200d\u00ae"), ElementsAre(3, 1));
}

TEST(GraphemesTest, PairsRegionalIndicators) {
  EXPECT_THAT(Lengths(U"\U0001f1e9\U0001f1ea\U0001f1eb\u0301\U0001f1eb"),
              ElementsAre(2, 2, 1));
}

TEST(GraphemesTest, JoinsConsonantsByAViramaBetween) {
  EXPECT_THAT(Lengths(U"\u0915\u094d\u0916\u0301\u0917"), ElementsAre(4, 1));
  EXPECT_THAT(Lengths(U"\u0915\u093c\u094d\u0301\u0916"), ElementsAre(5));
  EXPECT_THAT(Lengths(U"\u0915\u0301\u0916"), ElementsAre(2, 1));
  EXPECT_THAT(Lengths(U"a\u094d\u0916"), ElementsAre(2, 1));
}

}  // namespace
}  // namespace gloce
