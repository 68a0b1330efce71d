#include "text/byte_pair_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "error_text.h"
#include "vocabularies.h"

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string VocabularyError(const std::string& text) {
  return ErrorText([&] { ParseVocabulary(text, "v"); });
}

std::string MergesError(const std::string& text) {
  const TokenIds ids = ParseVocabulary(TinyVocabulary().vocab_json, "v");
  return ErrorText([&] { BytePairEncoder(ids, text, 10, "m"); });
}

TEST(ParseVocabularyTest, RefusesBrokenFiles) {
  EXPECT_THAT(VocabularyError("{"), StartsWith("v: not valid JSON"));
  EXPECT_EQ(VocabularyError("[]"),
            "v: expected an object of tokens and their ids");
  EXPECT_EQ(VocabularyError("{}"),
            "v: expected an object of tokens and their ids");
  EXPECT_EQ(VocabularyError(R"({"a":0,"a":1})"), "v: duplicate key \"a\"");
  EXPECT_EQ(VocabularyError(R"({"a":0,"b":0})"),
            "v: id 0: got both \"a\" and \"b\"");
  for (const char* id : {"-1", "1.0", "\"1\"", "null", "2147483648", "[[1]]",
                         "18446744073709551615"}) {
    EXPECT_THAT(VocabularyError(std::string("{\"a\\n\":") + id + "}"),
                HasSubstr("expected an id from 0 to 2147483647"))
        << id;
  }
}

TEST(BytePairEncoderTest, RefusesBrokenMerges) {
  EXPECT_EQ(MergesError("a b\n"),
            "m: line 1: got \"a b\", expected \"#version: 0.2\"");
  EXPECT_EQ(MergesError("#version: 0.3\na b\n"),
            "m: line 1: got \"#version: 0.3\", expected \"#version: 0.2\"");
  EXPECT_EQ(MergesError(""), "m: got no merges");
  EXPECT_EQ(MergesError("#version: 0.2\n"), "m: got no merges");
  for (const char* line : {"ab", "", " a", "a ", "a  b", "a b c"}) {
    EXPECT_THAT(MergesError(std::string("#version: 0.2\na b\n") + line + "\n"),
                HasSubstr("m: line 3: got \"" + std::string(line) +
                          "\", expected two tokens with a space between"));
  }
  EXPECT_THAT(MergesError("#version: 0.2\na z\n"),
              StartsWith("m: line 2: \"z\" is not in the vocabulary"));
  EXPECT_THAT(MergesError("#version: 0.2\nb b\n"),
              StartsWith("m: line 2: \"bb\" is not in the vocabulary"));
  EXPECT_EQ(MergesError("#version: 0.2\na b\na b\n"),
            "m: line 3: \"a b\" stands twice");
}

TEST(BytePairEncoderTest, MergesTheLowestRankFirst) {
  const Vocabulary tiny = TinyVocabulary();
  const BytePairEncoder encoder(ParseVocabulary(tiny.vocab_json, "v"),
                                tiny.merges_text, 10, "m");
  const auto encode = [&](const std::string& word) {
    std::vector<int64_t> ids;
    encoder.Encode(word, ids);
    return ids;
  };
  EXPECT_THAT(encode("a"), ElementsAre(2));
  EXPECT_THAT(encode("ab"), ElementsAre(5));
  EXPECT_THAT(encode("aba"), ElementsAre(4, 2));
  EXPECT_THAT(encode("aaba"), ElementsAre(6, 2));
  EXPECT_THAT(encode("aab"), ElementsAre(0, 5));      // "a ab</w>" is no merge
  EXPECT_THAT(encode("azb"), ElementsAre(0, 10, 3));  // z is unknown
  EXPECT_THAT(encode("\u00e9"), ElementsAre(10, 10));
}

TEST(BytePairEncoderTest, AcceptsWindowsLineEndsAndNoLastLineEnd) {
  const TokenIds ids = ParseVocabulary(TinyVocabulary().vocab_json, "v");
  const BytePairEncoder encoder(ids, "#version: 0.2\r\na b\r\na b</w>", 10,
                                "m");
  std::vector<int64_t> got;
  encoder.Encode("abab", got);
  EXPECT_THAT(got, ElementsAre(4, 5));
}

// The definition: merge the leftmost pair of the lowest rank, until none.
std::vector<std::string> EncodeByDefinition(
    const std::vector<std::pair<std::string, std::string>>& merges,
    const std::string& word) {
  std::vector<std::string> symbols;
  for (const char c : word) symbols.emplace_back(1, c);
  symbols.back() += "</w>";
  for (;;) {
    size_t best_rank = merges.size();
    size_t best = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      for (size_t rank = 0; rank < best_rank; ++rank) {
        if (merges[rank].first == symbols[i] &&
            merges[rank].second == symbols[i + 1]) {
          best_rank = rank;
          best = i;
        }
      }
    }
    if (best_rank == merges.size()) return symbols;
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(BytePairEncoderTest, EqualsTheDefinitionOnRandomMerges) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> tokens = {"a",     "b",     "c",
                                       "a</w>", "b</w>", "c</w>"};
    std::map<std::string, int64_t> ids;
    std::vector<std::pair<std::string, std::string>> merges;
    while (merges.size() < 20) {
      const std::string left = tokens[random() % tokens.size()];
      const std::string right = tokens[random() % tokens.size()];
      if (left.ends_with("</w>")) continue;
      const std::pair merge(left, right);
      if (std::find(merges.begin(), merges.end(), merge) != merges.end()) {
        continue;
      }
      merges.push_back(merge);
      // Another pair may give the same token.
      if (std::find(tokens.begin(), tokens.end(), left + right) ==
          tokens.end()) {
        tokens.push_back(left + right);
      }
    }
    TokenIds vocabulary;
    for (size_t i = 0; i < tokens.size(); ++i) {
      vocabulary[tokens[i]] = static_cast<int64_t>(i);
    }
    std::string text = "#version: 0.2\n";
    for (const auto& [left, right] : merges) {
      text += left + " " + right + "\n";
    }
    const BytePairEncoder encoder(vocabulary, text, 0, "m");
    for (int word_round = 0; word_round < 20; ++word_round) {
      std::string word;
      for (size_t i = 0; i <= random() % 30; ++i) {
        word += static_cast<char>('a' + random() % 3);
      }
      std::vector<int64_t> expected;
      for (const std::string& token : EncodeByDefinition(merges, word)) {
        expected.push_back(vocabulary.at(token));
      }
      std::vector<int64_t> got;
      encoder.Encode(word, got);
      EXPECT_EQ(got, expected) << text << word;
    }
  }
}

// Merging by a scan for each merge would take hours.
TEST(BytePairEncoderTest, EncodesAWordOfAMegabyteInTime) {
  const Vocabulary demo = DemoVocabulary();
  const BytePairEncoder encoder(ParseVocabulary(demo.vocab_json, "v"),
                                demo.merges_text, 0, "m");
  std::mt19937 random(3);
  std::string word;
  for (int i = 0; i < 1'000'000; ++i) {
    word += static_cast<char>('a' + random() % 26);
  }
  const auto start = std::chrono::steady_clock::now();
  std::vector<int64_t> ids;
  encoder.Encode(word, ids);
  EXPECT_LT(ids.size(), word.size());
  EXPECT_LT(std::chrono::steady_clock::now() - start,
            std::chrono::seconds(120));
}

}  // namespace
}  // namespace gloce
