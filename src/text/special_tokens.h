// What stands around the tokens of a text.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gloce/text/tokenizer.h"

namespace gloce {

// BOS if there is one, as many of `ids` as fit, EOS, and padding up to
// `max_length`, which must be at least 1, or 2 with a BOS.
EncodedText AddSpecialTokens(std::vector<int64_t> ids,
                             std::optional<int64_t> bos_id, int64_t eos_id,
                             int64_t pad_id, int64_t max_length);

}  // namespace gloce
