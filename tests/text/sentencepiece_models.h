// Models of the sentencepiece library, made by hand for tests.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gloce {

// As in sentencepiece_model.proto.
enum class PieceType : uint8_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

struct TestPiece {
  std::string text;
  float score = 0;
  PieceType type = PieceType::kNormal;
};

// A serialised ModelProto; `model_type` is 1 for unigram, 2 for BPE.
std::string SentencePieceBytes(const std::vector<TestPiece>& pieces,
                               const std::string& charsmap = "",
                               uint8_t model_type = 1);

// A normalisation table that replaces single bytes below 128, each by a text.
std::string CharsmapBytes(
    const std::vector<std::pair<char, std::string>>& replacements);

// <pad>, </s>, <unk>, the mark of a word and a few words: T5's order.
std::vector<TestPiece> TinyT5Pieces();

// <unk>, <s>, </s>, the same, <mask>: XLM-R's order.
std::vector<TestPiece> TinyXlmRobertaPieces();

}  // namespace gloce
