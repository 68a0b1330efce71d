// Byte-pair encoding of single words, with the vocabulary and merges of
// OpenAI's CLIP.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gloce {

// A vocabulary's tokens, as vocab.json spells them, with their ids.
using TokenIds = std::unordered_map<std::string, int64_t>;

// Reads vocab.json: an object token → id. Throws Error, its text begun with
// `origin`, if it is anything else, is empty, or gives an id twice.
TokenIds ParseVocabulary(const std::string& vocab_json,
                         const std::string& origin);

// Encodes the words that the pre-tokeniser cuts. A word's bytes become symbols
// of GPT-2's byte alphabet, the last one with the suffix "</w>"; then the pair
// with the lowest rank (the leftmost of equals) is merged until none is left.
class BytePairEncoder {
 public:
  // `merges_text` is merges.txt: the line "#version: 0.2", then a merge a line,
  // "left right", in the order of their rank. `unk_id` stands for bytes that
  // the vocabulary lacks. Throws Error naming `merges_origin` and the line: no
  // version line, not two tokens, a token or result that is not in the
  // vocabulary, a merge that stands twice.
  BytePairEncoder(const TokenIds& vocabulary, std::string_view merges_text,
                  int64_t unk_id, const std::string& merges_origin);

  // Appends the ids of `word` (UTF-8, not empty). Time O(n log n) in its bytes.
  void Encode(std::string_view word, std::vector<int64_t>& ids) const;

 private:
  struct Merge {
    int64_t rank;
    int64_t id;  // of the merged token
  };
  struct Candidate;
  class Symbols;

  static uint64_t PairKey(int64_t left, int64_t right);
  void AddMerge(const TokenIds& vocabulary, std::string_view line, int64_t rank,
                const std::string& place);
  std::optional<Merge> FindMerge(int64_t left, int64_t right) const;

  std::array<int64_t, 256> byte_ids_{};       // of a byte inside a word
  std::array<int64_t, 256> last_byte_ids_{};  // of a word's last byte
  std::unordered_map<uint64_t, Merge> merges_;
};

}  // namespace gloce
