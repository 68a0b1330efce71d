// Text to the ids that a text encoder takes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace gloce {

// A text as an encoder takes it. Both have max_length() numbers.
struct EncodedText {
  std::vector<int64_t> input_ids;
  std::vector<int64_t> attention_mask;  // 1 for a token, 0 for padding
};

// Implementations are immutable after construction: several threads may share
// one. Text is UTF-8; every function throws Error, with the byte's offset, if
// it is not.
class Tokenizer {
 public:
  Tokenizer() = default;
  virtual ~Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Ids of `text`: no BOS, no EOS, not truncated.
  virtual std::vector<int64_t> Tokenize(std::string_view text) const = 0;

  // BOS if the family has one, as many ids of `text` as fit, EOS, padding.
  virtual EncodedText Encode(std::string_view text) const = 0;

  virtual int64_t max_length() const = 0;

  // Of max_length(), those that are left for the text.
  virtual int64_t max_text_length() const = 0;
};

}  // namespace gloce
