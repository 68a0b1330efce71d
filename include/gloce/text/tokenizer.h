// Text to the ids that a text encoder takes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace gloce {

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

  // Exactly max_length() ids: BOS, as many ids of `text` as fit, EOS, padding.
  virtual std::vector<int64_t> Encode(std::string_view text) const = 0;

  virtual int64_t max_length() const = 0;
};

}  // namespace gloce
