#include "batch/utf8.h"

#include "testing.h"

namespace gloce {
namespace {

constexpr size_t kValid = std::string_view::npos;

TEST(Utf8Test, FindsTheFirstMalformedByte) {
  EXPECT_EQ(FindInvalidUtf8("plain"), kValid);
  EXPECT_EQ(FindInvalidUtf8("\x7F\u0080\u07FF\u0800\uFFFF\U00010000\U0010FFFF"),
            kValid);
  EXPECT_EQ(FindInvalidUtf8("ab\x80"), 2u) << "continuation without a lead";
  EXPECT_EQ(FindInvalidUtf8("a\xC3"), 1u) << "cut";
  EXPECT_EQ(FindInvalidUtf8("\xC0\x80"), 0u) << "overlong NUL";
  EXPECT_EQ(FindInvalidUtf8("\xC1\xBF"), 0u) << "overlong";
  EXPECT_EQ(FindInvalidUtf8("\xE0\x9F\xBF"), 0u) << "overlong";
  EXPECT_EQ(FindInvalidUtf8("\xF0\x8F\xBF\xBF"), 0u) << "overlong";
  EXPECT_EQ(FindInvalidUtf8("\xED\xA0\x80"), 0u) << "surrogate";
  EXPECT_EQ(FindInvalidUtf8("\xF4\x90\x80\x80"), 0u) << "above U+10FFFF";
  EXPECT_EQ(FindInvalidUtf8("\xFF"), 0u);
  EXPECT_EQ(FindInvalidUtf8("\xE2\x82"), 0u) << "cut";
}

TEST(Utf8Test, PrefixesEndBetweenCodePoints) {
  EXPECT_EQ(Utf8Prefix("a\u00E4\u20AC\U0001F98A", 3), "a\u00E4\u20AC");
  EXPECT_EQ(Utf8Prefix("a\u00E4", 9), "a\u00E4");
  EXPECT_EQ(Utf8Prefix("a\u00E4", 0), "");
  EXPECT_EQ(Utf8PrefixOfBytes("a\U0001F98A", 5), "a\U0001F98A");
  EXPECT_EQ(Utf8PrefixOfBytes("a\U0001F98A", 4), "a");
  EXPECT_EQ(Utf8PrefixOfBytes("\U0001F98A", 3), "");
}

TEST(Utf8Test, Latin1ThereAndBack) {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string text = Latin1ToUtf8(all);
  EXPECT_EQ(FindInvalidUtf8(text), kValid);
  std::string latin1;
  ASSERT_TRUE(Utf8ToLatin1(text, &latin1));
  EXPECT_EQ(latin1, all);
  EXPECT_FALSE(Utf8ToLatin1("\u0100", &latin1));
  EXPECT_FALSE(Utf8ToLatin1("fox \U0001F98A", &latin1));
}

}  // namespace
}  // namespace gloce
