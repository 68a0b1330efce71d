// Equality with transformers on 10,000 random texts is tested by
// scripts/check_sentencepiece.py; here are the conventions by themselves.
#include "text/sentencepiece_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "error_text.h"
#include "sentencepiece_models.h"

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

SentencePieceModel Read(const std::vector<TestPiece>& pieces) {
  return ReadSentencePieceModel(
      SentencePieceBytes(pieces, CharsmapBytes({{'A', "a"}, {'\t', " "}})),
      "m");
}

SentencePieceOptions T5Options() {
  return {SentencePieceFamily::kT5,
          6,
          std::nullopt,
          1,
          0,
          2,
          {{"</s>", 1}, {"<extra_id_0>", 14, false, true, true}}};
}

SentencePieceTokenizer T5(const SentencePieceOptions& options = T5Options()) {
  return {Read(TinyT5Pieces()), options, "m"};
}

SentencePieceOptions XlmRobertaOptions() {
  return {SentencePieceFamily::kXlmRoberta,
          6,
          0,
          2,
          1,
          3,
          {{"<s>", 0}, {"</s>", 2}, {"<mask>", 15, false, true, false}}};
}

SentencePieceTokenizer XlmRoberta(
    const SentencePieceOptions& options = XlmRobertaOptions()) {
  return {Read(TinyXlmRobertaPieces()), options, "m"};
}

TEST(SentencePieceTokenizerTest, T5EndsATextAndPadsIt) {
  const SentencePieceTokenizer tokenizer = T5();
  EXPECT_EQ(tokenizer.max_length(), 6);
  EXPECT_EQ(tokenizer.max_text_length(), 5);
  EXPECT_EQ(tokenizer.vocab_size(), 15);
  EXPECT_THAT(tokenizer.Tokenize("a cat"), ElementsAre(4, 5));
  EncodedText encoded = tokenizer.Encode("a cat");
  EXPECT_THAT(encoded.input_ids, ElementsAre(4, 5, 1, 0, 0, 0));
  EXPECT_THAT(encoded.attention_mask, ElementsAre(1, 1, 1, 0, 0, 0));
  encoded = tokenizer.Encode("");
  EXPECT_THAT(encoded.input_ids, ElementsAre(1, 0, 0, 0, 0, 0));
  EXPECT_THAT(encoded.attention_mask, ElementsAre(1, 0, 0, 0, 0, 0));
  encoded = tokenizer.Encode("a a a a a a a");
  EXPECT_THAT(encoded.input_ids, ElementsAre(4, 4, 4, 4, 4, 1));
  EXPECT_THAT(encoded.attention_mask, ElementsAre(1, 1, 1, 1, 1, 1));
}

TEST(SentencePieceTokenizerTest, XlmRobertaMovesIdsAndBeginsATextToo) {
  const SentencePieceTokenizer tokenizer = XlmRoberta();
  EXPECT_EQ(tokenizer.max_text_length(), 4);
  EXPECT_EQ(tokenizer.vocab_size(), 16);
  EXPECT_THAT(tokenizer.Tokenize("a cat \u4f60"), ElementsAre(5, 6, 4, 3));
  EncodedText encoded = tokenizer.Encode("a cat");
  EXPECT_THAT(encoded.input_ids, ElementsAre(0, 5, 6, 2, 1, 1));
  EXPECT_THAT(encoded.attention_mask, ElementsAre(1, 1, 1, 1, 0, 0));
  encoded = tokenizer.Encode("a a a a a");
  EXPECT_THAT(encoded.input_ids, ElementsAre(0, 5, 5, 5, 5, 2));
}

TEST(SentencePieceTokenizerTest, WordsAreWhatStandsBetweenWhiteSpace) {
  const SentencePieceTokenizer tokenizer = T5();
  EXPECT_THAT(tokenizer.Tokenize(" \t\u3000\u0085\n"), IsEmpty());
  EXPECT_THAT(tokenizer.Tokenize("\ta \u3000 cat\u0085"
                                 "A "),
              ElementsAre(4, 5, 4));
  // A mark in the text begins a word, and is a word of its own.
  EXPECT_THAT(tokenizer.Tokenize("a\u2581"
                                 "a \u2581\u2581"
                                 "cat"),
              ElementsAre(4, 4, 3, 5));
  EXPECT_THAT(tokenizer.Tokenize("cats"), ElementsAre(5, 10));
}

TEST(SentencePieceTokenizerTest, AddedTokensAreFoundBeforeNormalisation) {
  const SentencePieceTokenizer tokenizer = T5();
  EXPECT_THAT(tokenizer.Tokenize("a</s>a"), ElementsAre(4, 1, 4));
  EXPECT_THAT(tokenizer.Tokenize("a</S>"), ElementsAre(4, 2));
}

TEST(SentencePieceTokenizerTest, AddedTokensTakeWhiteSpaceAlong) {
  // It shows where the space is part of another token.
  SentencePieceOptions options = T5Options();
  options.added_tokens.push_back({" x", 15});
  EXPECT_THAT(T5(options).Tokenize("a <extra_id_0> xa"),
              ElementsAre(4, 14, 3, 2, 7));
  options.added_tokens[1].rstrip = false;
  EXPECT_THAT(T5(options).Tokenize("a <extra_id_0> xa"),
              ElementsAre(4, 14, 15, 4));
}

TEST(SentencePieceTokenizerTest, AddedTokensLeaveTheSpacesOfTokensBefore) {
  SentencePieceOptions options = T5Options();
  options.added_tokens.push_back({"x ", 15});
  EXPECT_THAT(T5(options).Tokenize("x   <extra_id_0>"), ElementsAre(15, 14));
}

// Special pieces are found where normalisation brings them about.
TEST(SentencePieceTokenizerTest, SpecialPiecesAreFoundAfterNormalisation) {
  const SentencePieceModel model = ReadSentencePieceModel(
      SentencePieceBytes(TinyT5Pieces(), CharsmapBytes({{'[', "<"}})), "m");
  const SentencePieceTokenizer tokenizer(model, T5Options(), "m");
  EXPECT_THAT(tokenizer.Tokenize("[/s>"), ElementsAre(3, 1));
}

TEST(SentencePieceTokenizerTest, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(ErrorText([] { T5().Tokenize("a caf\xe9"); }),
            "text: byte 5: got 0xE9, expected UTF-8; save the text as UTF-8");
  EXPECT_THAT(ErrorText([] { XlmRoberta().Encode("\xff"); }),
              StartsWith("text: byte 0: "));
}

std::string T5Complaint(void (*change)(SentencePieceOptions&)) {
  SentencePieceOptions options = T5Options();
  change(options);
  return ErrorText([&] { T5(options); });
}

TEST(SentencePieceTokenizerTest, RefusesIdsOutsideTheModel) {
  EXPECT_EQ(T5Complaint([](auto& options) { options.eos_id = 14; }),
            "m: eos id: got 14, expected one of its 14 pieces");
  EXPECT_EQ(T5Complaint([](auto& options) { options.pad_id = -1; }),
            "m: pad id: got -1, expected one of its 14 pieces");
  EXPECT_EQ(T5Complaint([](auto& options) { options.unk_id = 3; }),
            "m: unk id: got 3, expected 2");
  EXPECT_EQ(T5Complaint([](auto& options) { options.bos_id = 1; }),
            "m: bos id: got 1, expected none: T5 has no such token");
  EXPECT_EQ(T5Complaint([](auto& options) { options.max_length = 0; }),
            "m: max_length: got 0, expected at least 1");
}

TEST(SentencePieceTokenizerTest, RefusesAddedTokensThatDoNotFit) {
  EXPECT_EQ(T5Complaint([](auto& o) { o.added_tokens[0].id = 0; }),
            "m: added token \"</s>\": got id 0, the model has 1");
  EXPECT_EQ(T5Complaint([](auto& o) { o.added_tokens[1].id = 5; }),
            "m: added token \"<extra_id_0>\": got id 5, the model has another "
            "piece there, \"\u2581"
            "cat\"");
  EXPECT_EQ(T5Complaint([](auto& o) { o.added_tokens[1].id = -3; }),
            "m: added token \"<extra_id_0>\": got id -3");
  EXPECT_EQ(T5Complaint([](auto& o) { o.added_tokens[0].normalized = true; }),
            "m: added token \"</s>\": normalized: got true, expected false");
  EXPECT_EQ(T5Complaint([](auto& o) { o.added_tokens[0].content = ""; }),
            "m: added token is empty");
}

TEST(SentencePieceTokenizerTest, RefusesAModelOfTheOtherFamily) {
  EXPECT_EQ(ErrorText([] {
              SentencePieceTokenizer(Read(TinyT5Pieces()), XlmRobertaOptions(),
                                     "m");
            }),
            "m: piece 0: got \"<pad>\", expected \"<unk>\" as in models of "
            "XLM-R");
  EXPECT_THAT(ErrorText([] {
                SentencePieceTokenizer(Read(TinyXlmRobertaPieces()),
                                       T5Options(), "m");
              }),
              HasSubstr("unk id: got 2, expected 0"));
}

TEST(SentencePieceTokenizerTest, RefusesOtherIdsOfXlmRoberta) {
  const auto complaint = [](void (*change)(SentencePieceOptions&)) {
    SentencePieceOptions options = XlmRobertaOptions();
    change(options);
    return ErrorText([&] { XlmRoberta(options); });
  };
  EXPECT_EQ(complaint([](auto& o) { o.bos_id = 1; }),
            "m: bos id: got 1, expected 0");
  EXPECT_EQ(complaint([](auto& o) { o.bos_id.reset(); }),
            "m: bos id: got none, expected one");
  EXPECT_EQ(complaint([](auto& o) { o.pad_id = 2; }),
            "m: pad id: got 2, expected 1");
  EXPECT_EQ(complaint([](auto& o) { o.eos_id = 0; }),
            "m: eos id: got 0, expected 2");
  EXPECT_EQ(complaint([](auto& o) { o.max_length = 1; }),
            "m: max_length: got 1, expected at least 2");
}

}  // namespace
}  // namespace gloce
