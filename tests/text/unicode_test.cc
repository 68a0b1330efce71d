#include "text/unicode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "error_text.h"

namespace gloce {
namespace {

using testing::HasSubstr;

TEST(Utf8Test, EveryCodePointSurvivesEncodingAndDecoding) {
  std::u32string all;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c < 0xD800 || c >= 0xE000) all += c;
  }
  const std::string text = EncodeUtf8(all);
  EXPECT_EQ(text.size(), 0x80U + 2 * 0x780 + 3 * 0xF000 + 4 * 0x100000);
  EXPECT_EQ(FindInvalidUtf8(text), std::string::npos);
  EXPECT_EQ(DecodeUtf8(text), all);
}

TEST(Utf8Test, NamesTheFirstBadByte) {
  const std::vector<std::string> bad = {
      "\x80",              // a continuation without a lead
      "\xC3",              // cut short
      "\xC3(",             // no continuation
      "\xC0\x80",          // overlong, two bytes
      "\xC1\xBF",          //
      "\xE0\x9F\xBF",      // overlong, three bytes
      "\xF0\x8F\xBF\xBF",  // overlong, four bytes
      "\xED\xA0\x80",      // the surrogates' first
      "\xED\xBF\xBF",      // and last
      "\xF4\x90\x80\x80",  // U+110000
      "\xF5\x80\x80\x80",  //
      "\xE2\x82",          // cut short
      "\xE2\x82(",         //
      "\xF0\x9F\x98",      //
      "\xF0\x9F\x98(",     //
      "\xFE",
      "\xFF"};
  for (const std::string& bytes : bad) {
    for (const char* after : {"", "abc"}) {
      const std::string text = "x\u00e9" + bytes + after;
      EXPECT_EQ(FindInvalidUtf8(text), 3U) << testing::PrintToString(bytes);
      EXPECT_THAT(ErrorText([&] { DecodeUtf8(text); }),
                  HasSubstr("text: byte 3: got 0x"));
    }
  }
  EXPECT_EQ(ErrorText([] { DecodeUtf8("a\xFF"); }),
            "text: byte 1: got 0xFF, expected UTF-8; save the text as UTF-8");
}

TEST(CategoryTest, FollowsTheReferencesVersionOfUnicode) {
  EXPECT_TRUE(IsLetter(U'a') && IsLetter(U'Z') && IsLetter(U'\u00df'));
  EXPECT_TRUE(IsLetter(U'\u4f60') && IsLetter(U'\u02b0') &&
              IsLetter(U'\U000323AF'));
  EXPECT_TRUE(IsLetter(U'\u1c89'));   // new in Unicode 16
  EXPECT_FALSE(IsLetter(U'\ua7ce'));  // new in Unicode 17
  EXPECT_FALSE(IsLetter(U'\u0301') || IsLetter(U'1') || IsLetter(U'_'));
  EXPECT_TRUE(IsNumber(U'0') && IsNumber(U'\u00bd') && IsNumber(U'\u2167'));
  EXPECT_FALSE(IsNumber(U'a') || IsNumber(U'\u4e00'));
  EXPECT_TRUE(IsSpace(U' ') && IsSpace(U'\t') && IsSpace(U'\u0085') &&
              IsSpace(U'\u00a0') && IsSpace(U'\u3000'));
  EXPECT_FALSE(IsSpace(U'\x1c') || IsSpace(U'\u200b') || IsSpace(U'\u180e') ||
               IsSpace(U'\ufeff'));
  EXPECT_FALSE(IsLetter(0x10FFFF) || IsNumber(0x10FFFF) || IsSpace(0x10FFFF));
}

TEST(CategoryTest, ClassesAreDisjoint) {
  int letters = 0;
  int numbers = 0;
  int spaces = 0;
  for (char32_t c = 0; c < 0x110000; ++c) {
    const int letter = IsLetter(c), number = IsNumber(c), space = IsSpace(c);
    EXPECT_LE(letter + number + space, 1) << std::hex << uint32_t{c};
    letters += letter;
    numbers += number;
    spaces += space;
  }
  EXPECT_EQ(letters, 141028);  // Unicode 16
  EXPECT_EQ(numbers, 1911);
  EXPECT_EQ(spaces, 25);
}

TEST(ToLowerTest, MapsEachCodePointByItself) {
  EXPECT_EQ(ToLower(U"ABC xyz \u00c4\u0416\u1e9e"),
            U"abc xyz \u00e4\u0436\u00df");
  EXPECT_EQ(ToLower(U"\u0130I"), U"i\u0307i");
  EXPECT_EQ(ToLower(U"\u039f\u03a3"), U"\u03bf\u03c3");  // no final sigma
  EXPECT_EQ(ToLower(U"\u0100\u0101\u0102"), U"\u0101\u0101\u0103");
  EXPECT_EQ(ToLower(U"\u212a\u2160\U00010400"), U"k\u2170\U00010428");
  EXPECT_EQ(ToLower(U"\ua7ce"), U"\ua7cf");  // new in Unicode 17
}

}  // namespace
}  // namespace gloce
