// The tokenizer that a bundle's manifest names.
#pragma once

#include <memory>
#include <string>

#include "gloce/text/tokenizer.h"

namespace gloce {

class Bundle;
struct TextSpec;

// Reads the tokenizer's files, their hashes checked; no network is loaded.
// Throws Error if one is broken or does not fit the manifest.
std::unique_ptr<Tokenizer> MakeTokenizer(const Bundle& bundle);

// CLIP's tokenizer of the contents of vocab.json and merges.txt; `origin`
// begins messages. Throws Error likewise.
std::unique_ptr<Tokenizer> MakeClipTokenizer(const TextSpec& text,
                                             const std::string& vocab_json,
                                             const std::string& merges_text,
                                             const std::string& origin);

}  // namespace gloce
