// Equality with transformers on 10,000 random texts and on every code point is
// tested by scripts/check_tokenizer.py; here are the hard cases by themselves.
#include "text/clip_bpe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/sha256.h"
#include "error_text.h"
#include "vocabularies.h"

namespace gloce {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const json& Golden() {
  static const auto* const golden = new json(
      json::parse(ReadFile(GLOCE_TEST_DATA "/golden/clip_bpe_cases.json")));
  return *golden;
}

ClipBpeOptions GoldenOptions(const std::string& key) {
  const json& stored = Golden().at("options").at(key);
  ClipBpeOptions options{stored.at("max_length"), stored.at("bos_id"),
                         stored.at("eos_id"),     stored.at("pad_id"),
                         stored.at("unk_id"),     {}};
  for (const json& token : stored.at("added_tokens")) {
    options.added_tokens.push_back(
        {token.at("content"), token.at("id"), token.at("normalized")});
  }
  return options;
}

void ExpectGoldenIds(const Vocabulary& vocabulary, const std::string& key,
                     const ClipBpeOptions& options) {
  const ClipBpeTokenizer tokenizer(vocabulary.vocab_json,
                                   vocabulary.merges_text, options, key);
  EXPECT_GE(Golden().at("cases").size(), 30U);
  for (const json& stored : Golden().at("cases")) {
    const auto text = stored.at("text").get<std::string>();
    EXPECT_EQ(json(tokenizer.Tokenize(text)), stored.at("ids").at(key))
        << stored.at("name");
    EXPECT_EQ(json(tokenizer.Encode(text).input_ids),
              stored.at("encoded").at(key))
        << stored.at("name");
  }
}

TEST(ClipBpeTest, EqualsTransformersForTheDemosVocabulary) {
  ASSERT_EQ(Sha256OfFile(DemoTokenizerPath()),
            Golden().at("demo_tokenizer_sha256"))
      << "the demo's vocabulary is another one: run "
         "scripts/make_clip_bpe_golden.py";
  ExpectGoldenIds(DemoVocabulary(), "demo", GoldenOptions("demo"));
}

class RealClipTest : public testing::TestWithParam<const char*> {};

TEST_P(RealClipTest, EqualsTransformers) {
  const std::optional<Vocabulary> clip = ClipVocabulary();
  if (!clip) {
    GTEST_SKIP() << "the vocabulary of CLIP is not installed (package "
                    "open-clip-torch): run scripts/test.sh";
  }
  ExpectGoldenIds(*clip, GetParam(), GoldenOptions(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Families, RealClipTest,
                         testing::Values("clip", "clip_sd1", "clip_sd2"));

// Without added tokens the special ids' tokens are used: transformers' rule.
TEST(ClipBpeTest, DefaultAddedTokensAreTheSpecialOnes) {
  ClipBpeOptions options = GoldenOptions("demo");
  options.added_tokens.clear();
  ExpectGoldenIds(DemoVocabulary(), "demo", options);
}

ClipBpeTokenizer Tiny(const ClipBpeOptions& options) {
  const Vocabulary tiny = TinyVocabulary();
  return {tiny.vocab_json, tiny.merges_text, options, "tiny"};
}

TEST(ClipBpeTest, EncodesToExactlyMaxLength) {
  const ClipBpeTokenizer tokenizer = Tiny({5, 9, 10, 7, 10, {}});
  EXPECT_EQ(tokenizer.max_length(), 5);
  EXPECT_EQ(tokenizer.max_text_length(), 3);
  EXPECT_THAT(tokenizer.Encode("").input_ids, ElementsAre(9, 10, 7, 7, 7));
  EXPECT_THAT(tokenizer.Encode("ab").input_ids, ElementsAre(9, 5, 10, 7, 7));
  EXPECT_THAT(tokenizer.Encode("a b ab").input_ids,
              ElementsAre(9, 2, 3, 5, 10));
  EXPECT_THAT(tokenizer.Encode("a b ab a").input_ids,
              ElementsAre(9, 2, 3, 5, 10));
  EXPECT_THAT(Tiny({2, 9, 10, 7, 10, {}}).Encode("a b").input_ids,
              ElementsAre(9, 10));
}

TEST(ClipBpeTest, MasksThePaddingAlone) {
  // The padding is EOS, as CLIP has it: the mask counts, not the id.
  const ClipBpeTokenizer tokenizer = Tiny({5, 9, 10, 10, 10, {}});
  EXPECT_THAT(tokenizer.Encode("").attention_mask, ElementsAre(1, 1, 0, 0, 0));
  EXPECT_THAT(tokenizer.Encode("a b").attention_mask,
              ElementsAre(1, 1, 1, 1, 0));
  EXPECT_THAT(tokenizer.Encode("a b ab a").attention_mask,
              ElementsAre(1, 1, 1, 1, 1));
}

TEST(ClipBpeTest, TakesTheLongestAddedTokenOfTheLeftmost) {
  const ClipBpeTokenizer tokenizer =
      Tiny({9, 9, 10, 7, 10, {{"<s>", 9}, {"<s>b", 20}, {"s>", 21}}});
  EXPECT_THAT(tokenizer.Tokenize("a<s>a"), ElementsAre(2, 9, 2));
  EXPECT_THAT(tokenizer.Tokenize("a<s>bs>s"), ElementsAre(2, 20, 21, 10));
  EXPECT_THAT(tokenizer.Tokenize("<s><s>"), ElementsAre(9, 9));
}

TEST(ClipBpeTest, NormalizedAddedTokensAreFoundInAnyCase) {
  const ClipBpeTokenizer tokenizer =
      Tiny({9, 9, 10, 7, 10, {{"A  \u212bb", 20, true}}});
  EXPECT_THAT(tokenizer.Tokenize("a a\u030ab"), ElementsAre(20));
  EXPECT_THAT(tokenizer.Tokenize("bA\n\u00c5Ba"), ElementsAre(3, 20, 2));
}

TEST(ClipBpeTest, RefusesTextThatIsNotUtf8) {
  const ClipBpeTokenizer tokenizer = Tiny({5, 9, 10, 7, 10, {}});
  EXPECT_EQ(ErrorText([&] { tokenizer.Tokenize("a caf\xe9 b"); }),
            "text: byte 5: got 0xE9, expected UTF-8; save the text as UTF-8");
  EXPECT_THAT(ErrorText([&] { tokenizer.Encode("\xed\xa0\x80"); }),
              StartsWith("text: byte 0: "));
  EXPECT_THAT(tokenizer.Tokenize(std::string_view("\0", 1)), ElementsAre(10));
}

TEST(ClipBpeTest, RefusesOptionsThatDoNotFitTheVocabulary) {
  const auto error = [](const ClipBpeOptions& options) {
    return ErrorText([&] { Tiny(options); });
  };
  EXPECT_EQ(error({1, 9, 10, 7, 10, {}}),
            "tiny: max_length: got 1, expected at least 2");
  EXPECT_EQ(error({5, 99, 10, 7, 10, {}}),
            "tiny: bos id: got 99, which is no token of vocab.json");
  EXPECT_THAT(error({5, 9, 11, 7, 10, {}}), HasSubstr("eos id: got 11"));
  EXPECT_THAT(error({5, 9, 10, -1, 10, {}}), HasSubstr("pad id: got -1"));
  EXPECT_THAT(error({5, 9, 10, 7, 12, {}}), HasSubstr("unk id: got 12"));
  EXPECT_EQ(error({5, 9, 10, 7, 10, {{"<s>", 8}}}),
            "tiny: added token \"<s>\": got id 8, vocab.json has 9");
  EXPECT_EQ(error({5, 9, 10, 7, 10, {{"", 8}}}), "tiny: added token is empty");
}

TEST(ClipBpeTest, NamesTheBrokenFile) {
  const Vocabulary tiny = TinyVocabulary();
  const ClipBpeOptions options{5, 9, 10, 7, 10, {}};
  EXPECT_THAT(ErrorText([&] {
                ClipBpeTokenizer("{", tiny.merges_text, options, "folder");
              }),
              StartsWith("folder/vocab.json: not valid JSON"));
  EXPECT_THAT(ErrorText([&] {
                ClipBpeTokenizer(tiny.vocab_json, "x", options, "folder");
              }),
              StartsWith("folder/merges.txt: line 1: got \"x\""));
}

}  // namespace
}  // namespace gloce
