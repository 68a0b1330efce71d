// Vocabularies that tests use.
#pragma once

#include <optional>
#include <string>

namespace gloce {

struct Vocabulary {
  std::string vocab_json;
  std::string merges_text;
};

// The demo pipeline's, from models/emoji/tokenizer/tokenizer.json.
Vocabulary DemoVocabulary();

// Path of the same, for its hash.
std::string DemoTokenizerPath();

// OpenAI's CLIP, from the Python package open-clip-torch; nullopt if that is
// not installed (scripts/test.sh does so).
std::optional<Vocabulary> ClipVocabulary();

// Six letters, the apostrophe's and a few merges, for tests of broken files.
Vocabulary TinyVocabulary();

}  // namespace gloce
