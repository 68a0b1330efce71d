// CLIP's tokenizer, equal to transformers' CLIPTokenizerFast.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gloce/text/tokenizer.h"
#include "text/added_tokens.h"
#include "text/byte_pair_encoder.h"

namespace gloce {

struct ClipBpeOptions {
  int64_t max_length = 77;
  int64_t bos_id = 0;
  int64_t eos_id = 0;
  int64_t pad_id = 0;
  int64_t unk_id = 0;  // for bytes that the vocabulary lacks
  // If empty: the vocabulary's tokens with the ids bos, eos, pad and unk, not
  // normalised, as transformers does for special tokens given as strings. With
  // "!" as padding (Stable Diffusion 2) every "!" of a prompt is then a pad.
  std::vector<AddedToken> added_tokens;
};

class ClipBpeTokenizer : public Tokenizer {
 public:
  // From the contents of vocab.json and merges.txt; messages begin with
  // `origin` (the folder) and the file's name. Throws Error if a file is
  // broken, if a special token's id is not in the vocabulary, if an added token
  // is empty or has another id there, or if max_length is below 2.
  ClipBpeTokenizer(const std::string& vocab_json,
                   const std::string& merges_text, ClipBpeOptions options,
                   const std::string& origin);

  // Time O(n log n) for any text. Keeps no state.
  std::vector<int64_t> Tokenize(std::string_view text) const override;
  EncodedText Encode(std::string_view text) const override;
  int64_t max_length() const override { return options_.max_length; }
  int64_t max_text_length() const override { return max_length() - 2; }

 private:
  ClipBpeTokenizer(const TokenIds& vocabulary, const std::string& merges_text,
                   ClipBpeOptions options, const std::string& origin);
  void TokenizeSegment(std::u32string_view text,
                       std::vector<int64_t>& ids) const;

  ClipBpeOptions options_;
  BytePairEncoder encoder_;
  std::vector<TokenPattern> raw_patterns_, normalized_patterns_;
};

}  // namespace gloce
