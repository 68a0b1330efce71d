#include "text/clip_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(NormalizeForClipTest, ComposesThenCollapsesSpacesThenLowers) {
  EXPECT_EQ(NormalizeForClip(U" A\u00a0\n\tB\u0301 \u0130"),
            U" a b\u0301 i\u0307");
  // Composed before lower-casing: the dot that U+0130 leaves stays apart.
  EXPECT_EQ(NormalizeForClip(U"E\u0301\u0130\u0301"), U"\u00e9i\u0307\u0301");
}

TEST(SplitClipWordsTest, CutsLettersDigitsAndTheRest) {
  EXPECT_THAT(SplitClipWords(U""), IsEmpty());
  EXPECT_THAT(SplitClipWords(U"  "), IsEmpty());
  EXPECT_THAT(SplitClipWords(U"a cat, 42!? x_y"),
              ElementsAre("a", "cat", ",", "4", "2", "!?", "x", "_", "y"));
  EXPECT_THAT(SplitClipWords(U"e\u0302x"), ElementsAre("e", "\u0302", "x"));
}

TEST(SplitClipWordsTest, CutsContractionsBeforeLetters) {
  EXPECT_THAT(SplitClipWords(U"it's we're 'tis"),
              ElementsAre("it", "'s", "we", "'re", "'t", "is"));
  EXPECT_THAT(SplitClipWords(U"'x ''s"), ElementsAre("'", "x", "''", "s"));
  EXPECT_THAT(SplitClipWords(U"'S"), ElementsAre("'", "S"));
}

TEST(SplitClipWordsTest, CutsTheNamesOfSpecialTokensFromTheirSurroundings) {
  EXPECT_THAT(SplitClipWords(U"<|endoftext|>!"),
              ElementsAre("<|", "endoftext", "|>", "!"));
  EXPECT_THAT(SplitClipWords(U"!<|endoftext|>!"),
              ElementsAre("!<|", "endoftext", "|>!"));
  EXPECT_THAT(SplitClipWords(U"<|endoftext|!"),
              ElementsAre("<|", "endoftext", "|!"));
}

}  // namespace
}  // namespace gloce
