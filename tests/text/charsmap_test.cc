#include "text/charsmap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "error_text.h"
#include "sentencepiece_models.h"

namespace gloce {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string Complaint(const std::string& bytes) {
  return ErrorText([&] { Charsmap(bytes, "m"); });
}

TEST(CharsmapTest, EmptyTableChangesNothing) {
  EXPECT_EQ(Charsmap("", "m").Normalize(U"\uff21\u0301 b"), "\uff21\u0301 b");
}

TEST(CharsmapTest, ReplacesWhatIsInTheTable) {
  const Charsmap charsmap(
      CharsmapBytes({{'a', "b"}, {'b', ""}, {'c', "\u4f60"}}), "m");
  EXPECT_EQ(charsmap.Normalize(U"abcd\u00e9"), "b\u4f60d\u00e9");
  EXPECT_EQ(charsmap.Normalize(U""), "");
}

// Note [Normalisation] in charsmap.h.
TEST(CharsmapTest, AShortCharacterIsReplacedAsAWhole) {
  const Charsmap charsmap(CharsmapBytes({{'a', "b"}}), "m");
  EXPECT_EQ(charsmap.Normalize(U"a\u0301"), "b");        // 3 bytes
  EXPECT_EQ(charsmap.Normalize(U"a\u0301\u0302"), "b");  // 5 bytes
  EXPECT_EQ(charsmap.Normalize(U"a\u0301\u20d0"),        // 6 bytes
            "b\u0301\u20d0");
  EXPECT_EQ(charsmap.Normalize(U"\u0600a"), "\u0600b");  // begins with no entry
}

TEST(CharsmapTest, NulIsNoEntry) {
  const Charsmap charsmap(CharsmapBytes({{'a', "b"}}), "m");
  EXPECT_EQ(charsmap.Normalize(std::u32string(U"\0a", 2)),
            std::string("\0b", 2));
}

TEST(CharsmapTest, RefusesATrieOfAnotherSize) {
  const std::string good = CharsmapBytes({{'a', "b"}});
  EXPECT_EQ(Complaint("abc"),
            "m: normalisation table: got 3 bytes with a trie of 0");
  EXPECT_THAT(Complaint(good.substr(0, 100)),
              HasSubstr("got 100 bytes with a trie of 3072"));
  EXPECT_THAT(Complaint(std::string("\5\0\0\0abcdefg", 11)),
              HasSubstr("with a trie of 5"));
}

TEST(CharsmapTest, RefusesATrieThatLeadsOutside) {
  std::string bytes = CharsmapBytes({{'a', "b"}});
  bytes[4 + 3] = '\x7f';  // the root's offset
  EXPECT_THAT(Complaint(bytes), StartsWith("m: normalisation table: its trie "
                                           "leaves its bounds"));
  bytes = CharsmapBytes({{'a', "b"}});
  bytes[4 + 4 * (0x100 ^ 'a') + 3] = '\x7f';
  EXPECT_THAT(Complaint(bytes), HasSubstr("leaves its bounds"));
}

TEST(CharsmapTest, RefusesReplacementsThatAreNotThere) {
  const std::string good = CharsmapBytes({{'a', "b"}, {'c', "\u00e9"}});
  EXPECT_THAT(Complaint(good.substr(0, good.size() - 1)),
              HasSubstr("its last replacement has no end"));
  EXPECT_THAT(Complaint(good.substr(0, good.size() - 3)),
              HasSubstr("an entry has no replacement"));
  std::string bytes = good;
  bytes[bytes.size() - 2] = '\xff';
  EXPECT_THAT(Complaint(bytes), HasSubstr("not UTF-8"));
  bytes = good;
  bytes[4 + 4 * (0x200 ^ 'a')] = 3;  // the middle of a character
  EXPECT_THAT(Complaint(bytes), HasSubstr("an entry has no replacement"));
}

}  // namespace
}  // namespace gloce
