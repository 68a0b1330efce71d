// The tokenizers of T5 and XLM-R, equal to transformers' T5Tokenizer and
// XLMRobertaTokenizer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gloce/text/tokenizer.h"
#include "text/added_tokens.h"
#include "text/charsmap.h"
#include "text/sentencepiece.h"
#include "text/unigram.h"

namespace gloce {

// How a model's pieces become ids.
enum class SentencePieceFamily {
  // Piece i has the id i. A text is: its tokens, EOS.
  kT5,
  // <s>, <pad>, </s> and <unk> have the ids 0 to 3, whatever the model says;
  // piece i of the others (i ≥ 3) has the id i + 1. A text is: BOS, its tokens,
  // EOS.
  kXlmRoberta
};

struct SentencePieceOptions {
  SentencePieceFamily family = SentencePieceFamily::kT5;
  int64_t max_length = 512;
  std::optional<int64_t> bos_id;  // of kXlmRoberta only
  int64_t eos_id = 0;
  int64_t pad_id = 0;
  int64_t unk_id = 0;
  // None of them `normalized`.
  std::vector<AddedToken> added_tokens;
};

class SentencePieceTokenizer : public Tokenizer {
 public:
  // From a model; messages begin with `origin` (its path). Throws Error if a
  // special id is no piece's or not the family's, if the model does not begin
  // with <unk>, <s>, </s> (kXlmRoberta), if an added token is empty,
  // normalised, or a piece of another id, or if max_length leaves no place for
  // the special tokens.
  SentencePieceTokenizer(const SentencePieceModel& model,
                         SentencePieceOptions options,
                         const std::string& origin);

  // Time O(length · longest piece) for any text. Keeps no state.
  std::vector<int64_t> Tokenize(std::string_view text) const override;
  EncodedText Encode(std::string_view text) const override;
  int64_t max_length() const override { return options_.max_length; }
  int64_t max_text_length() const override;

  // Ids that a text can give: one more than the largest.
  int64_t vocab_size() const;

 private:
  void TokenizeSegment(std::u32string_view text,
                       std::vector<int64_t>& ids) const;

  SentencePieceOptions options_;
  Charsmap charsmap_;
  Unigram unigram_;
  std::vector<TokenPattern> patterns_;
};

}  // namespace gloce
