#include "text/nfc.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace gloce {
namespace {

TEST(NfcTest, FollowsTheStandardsRules) {
  const std::vector<std::pair<std::u32string, std::u32string>> cases = {
      {U"", U""},
      {U"abc", U"abc"},
      {U"e\u0301", U"\u00e9"},
      {U"\u212b", U"\u00c5"},                // singleton
      {U"\u0344", U"\u0308\u0301"},          // never composed
      {U"\u0958", U"\u0915\u093c"},          // composition exclusion
      {U"q\u0307\u0323", U"q\u0323\u0307"},  // canonical order
      {U"a\u0323\u0302", U"\u1ead"},         // in two steps
      {U"a\u0302\u0323", U"\u1ead"},         // after sorting
      {U"a\u0301\u0301", U"\u00e1\u0301"},   // the same class blocks
      {U"a\u0327\u0301", U"\u00e1\u0327"},   // a lower one does not
      {U"\u0301a", U"\u0301a"},              // no starter before
      {U"a\u0301\u0327", U"\u00e1\u0327"},
      {U"\u1100\u1161\u11a8", U"\uac01"},  // Hangul L V T
      {U"\uac00\u11a8", U"\uac01"},        // LV T
      {U"\uac00\u11a7", U"\uac00\u11a7"},  // no trailing consonant
      {U"\uac01\u11a8", U"\uac01\u11a8"},  // LVT takes no other
      {U"\u1100\u0301\u1161", U"\u1100\u0301\u1161"},
      {U"\u0bc6\u0bd7", U"\u0bcc"},  // a starter that composes
      {U"\u0bc6\u0301\u0bd7", U"\u0bc6\u0301\u0bd7"},
      {U"\U00011938", U"\U00011938"},  // younger than the tables
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(ToNfc(text), expected);
  }
}

TEST(NfcTest, IsIdempotentAndKeepsHangul) {
  std::mt19937 random(1);
  const std::u32string alphabet =
      U"aAeoqSk\u0300\u0301\u0307\u0308\u0323\u0327\u0328\u0345\u0338\u1100"
      U"\u1161\u11a8\uac00\u0bc6\u0bd7\u0dd9\u0dca\u0dcf\u212b\u1e9b\u0344";
  for (int round = 0; round < 20'000; ++round) {
    std::u32string text;
    for (int i = 0; i < 8; ++i) text += alphabet[random() % alphabet.size()];
    const std::u32string once = ToNfc(text);
    EXPECT_EQ(ToNfc(once), once);
  }
  for (char32_t c = 0xAC00; c < 0xAC00 + 11172; ++c) {
    EXPECT_EQ(ToNfc(std::u32string(1, c)), std::u32string(1, c));
  }
}

// A run of marks is sorted as a whole; quadratic sorting would take minutes.
TEST(NfcTest, SortsAMillionMarksInTime) {
  std::u32string marks = U"x";
  for (int i = 0; i < 1'000'000; ++i) marks += i % 2 == 0 ? 0x301 : 0x323;
  const auto start = std::chrono::steady_clock::now();
  const std::u32string sorted = ToNfc(marks);
  EXPECT_EQ(sorted.substr(0, 3), U"x\u0323\u0323");
  EXPECT_EQ(sorted.back(), 0x301U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

}  // namespace
}  // namespace gloce
