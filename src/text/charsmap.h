// The normalisation table of a sentencepiece model, applied as the reference
// tokenizer applies it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gloce {

// Note [Normalisation]
// sentencepiece replaces the longest entry of its table that begins the rest of
// the text. The tokenizers library, which transformers uses, looks up one
// character (grapheme cluster) at a time instead: the whole one if it has less
// than six bytes, and then the shortest entry that begins it replaces all of
// it; each of its code points otherwise. So "Ａ" with an accent loses the
// accent, and decomposed Hangul stays decomposed. Prompts must give the ids
// that a user's pipeline gives, so that this is done here too.
class Charsmap {
 public:
  // From `precompiled_charsmap` of a model: the size of a trie in bytes
  // (little-endian, 4 bytes), the trie (a double array in the layout of
  // Darts-clone), and the replacements, each ended by a NUL. Empty bytes are a
  // table without entries. Throws Error, beginning with `origin`, if any walk
  // along the trie would leave it or end at no replacement.
  Charsmap(std::string_view bytes, const std::string& origin);

  // `text` normalised, as UTF-8.
  std::string Normalize(std::u32string_view text) const;

 private:
  void Check(const std::string& origin) const;
  std::optional<std::string_view> Find(std::string_view key) const;
  void NormalizeCluster(std::u32string_view cluster, std::string& out) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace gloce
