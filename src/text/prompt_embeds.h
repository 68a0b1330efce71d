// Prompts to the tensors that condition the denoiser.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gloce/bundle/device.h"
#include "gloce/text/tokenizer.h"

namespace gloce {

class Bundle;
class TextEncoder;

class PromptEncoder {
 public:
  // Loads tokenizer and text encoder. Throws Error.
  PromptEncoder(const Bundle& bundle, const Placement& placement);
  ~PromptEncoder();

  // Embeddings (B, L, D) of B prompts. Each distinct prompt is encoded by
  // itself, so that its embedding does not depend on its neighbours, and kept
  // for the next call. Throws Error if a prompt is not valid UTF-8.
  at::Tensor Encode(const std::vector<std::string>& prompts);

  // Tokens of `prompt` beyond what the encoder can take; they have no effect.
  int64_t CountCutTokens(const std::string& prompt) const;

 private:
  const at::Tensor& EncodeOne(const std::string& prompt);

  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<TextEncoder> encoder_;
  std::map<std::string, at::Tensor> cache_;  // prompt → (1, L, D)
};

}  // namespace gloce
