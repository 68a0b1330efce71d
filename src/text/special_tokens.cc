#include "text/special_tokens.h"

#include <algorithm>
#include <utility>

namespace gloce {

EncodedText AddSpecialTokens(std::vector<int64_t> ids,
                             std::optional<int64_t> bos_id, int64_t eos_id,
                             int64_t pad_id, int64_t max_length) {
  const auto length = static_cast<size_t>(max_length);
  const size_t special = bos_id ? 2 : 1;
  ids.resize(std::min(ids.size(), length - special));
  if (bos_id) ids.insert(ids.begin(), *bos_id);
  ids.push_back(eos_id);
  EncodedText encoded;
  encoded.attention_mask.assign(ids.size(), 1);
  encoded.attention_mask.resize(length, 0);
  ids.resize(length, pad_id);
  encoded.input_ids = std::move(ids);
  return encoded;
}

}  // namespace gloce
