// The tokenizer that a bundle's manifest names.
#pragma once

#include <memory>

#include "gloce/text/tokenizer.h"

namespace gloce {

class Bundle;

// Reads the tokenizer's files, their hashes checked; no network is loaded.
// Throws Error if one is broken or does not fit the manifest.
std::unique_ptr<Tokenizer> MakeTokenizer(const Bundle& bundle);

}  // namespace gloce
