#include "text/prompt_embeds.h"

#include <ATen/ATen.h>

#include "text/make_tokenizer.h"
#include "text/text_encoder.h"

namespace gloce {
namespace {

// One embedding of SD 1.x is 236 kB in float32; a job of 100,000 prompts must
// not keep them all.
constexpr size_t kCacheLimit = 256;

}  // namespace

PromptEncoder::PromptEncoder(const Bundle& bundle, const Placement& placement)
    : tokenizer_(MakeTokenizer(bundle)),
      encoder_(std::make_unique<TextEncoder>(bundle, placement)) {}

PromptEncoder::~PromptEncoder() = default;

const at::Tensor& PromptEncoder::EncodeOne(const std::string& prompt) {
  const auto found = cache_.find(prompt);
  if (found != cache_.end()) return found->second;
  const std::vector<int64_t> ids = tokenizer_->Encode(prompt).input_ids;
  const at::Tensor input_ids =
      at::tensor(ids, at::kLong).reshape({1, static_cast<int64_t>(ids.size())});
  return cache_.emplace(prompt, encoder_->Encode(input_ids)).first->second;
}

at::Tensor PromptEncoder::Encode(const std::vector<std::string>& prompts) {
  if (cache_.size() + prompts.size() > kCacheLimit) cache_.clear();
  std::vector<at::Tensor> rows;
  rows.reserve(prompts.size());
  for (const std::string& prompt : prompts) rows.push_back(EncodeOne(prompt));
  return at::cat(rows, 0);
}

int64_t PromptEncoder::CountCutTokens(const std::string& prompt) const {
  const auto tokens = static_cast<int64_t>(tokenizer_->Tokenize(prompt).size());
  return std::max<int64_t>(0, tokens - tokenizer_->max_text_length());
}

}  // namespace gloce
