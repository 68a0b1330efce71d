// The most probable segmentation of a word under a unigram language model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gloce {

struct UnigramPiece {
  std::string text;  // not empty
  double score;      // log probability
};

// Equal to the unigram model of the tokenizers library. It differs from
// sentencepiece's in three ways: it takes a word at a time, it adds scores in
// double precision (so that segmentations which nearly tie may rank otherwise),
// and special pieces are found in text like others.
class Unigram {
 public:
  // The id of a piece is its place in `pieces`. Throws Error, beginning with
  // `origin`, if there are none, if one is empty or stands twice, if a score is
  // not finite, or if `unk_id` is none of them.
  Unigram(std::vector<UnigramPiece> pieces, int64_t unk_id,
          const std::string& origin);

  // Appends the ids of `word`, UTF-8; a run of characters that no piece covers
  // gives one `unk_id`. Of segmentations with the same score, the one whose
  // last piece is longest. Time O(length · longest piece).
  void Encode(std::string_view word, std::vector<int64_t>& ids) const;

  const std::vector<UnigramPiece>& pieces() const { return pieces_; }

 private:
  struct Node;
  std::vector<Node> Search(std::string_view word) const;

  std::vector<UnigramPiece> pieces_;
  std::vector<int64_t> sorted_;  // ids by the bytes of their pieces
  int64_t unk_id_;
  double unk_score_ = 0;
};

}  // namespace gloce
