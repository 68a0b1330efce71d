#include "text/unigram.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/json.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// How much less probable than the least probable piece an unknown character is.
constexpr double kUnknownPenalty = 10.0;

size_t CharacterLength(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// Byte `at` of a piece, −1 past its end.
int ByteAt(const std::string& text, size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : -1;
}

[[noreturn]] void FailPiece(int64_t id, const std::string& text,
                            const std::string& what,
                            const std::string& origin) {
  throw Error(origin + ": piece " + std::to_string(id) + " " +
              QuoteForMessage(text) + ": " + what);
}

}  // namespace

// The best way to the byte at which it stands.
struct Unigram::Node {
  double score = 0;
  size_t begin = 0;  // of its last piece
  int64_t id = -1;   // of its last piece; −1: no way yet

  void Offer(double candidate, size_t from, int64_t piece) {
    if (id >= 0 && !(candidate > score)) return;
    *this = {candidate, from, piece};
  }
};

Unigram::Unigram(std::vector<UnigramPiece> pieces, int64_t unk_id,
                 const std::string& origin)
    : pieces_(std::move(pieces)), sorted_(pieces_.size()), unk_id_(unk_id) {
  if (unk_id < 0 || unk_id >= static_cast<int64_t>(pieces_.size())) {
    throw Error(origin + ": unk id: got " + std::to_string(unk_id) +
                ", expected one of its " + std::to_string(pieces_.size()) +
                " pieces");
  }
  std::iota(sorted_.begin(), sorted_.end(), 0);
  std::sort(sorted_.begin(), sorted_.end(), [&](int64_t a, int64_t b) {
    return pieces_[a].text < pieces_[b].text;
  });
  double least = pieces_[0].score;
  for (size_t i = 0; i < sorted_.size(); ++i) {
    const UnigramPiece& piece = pieces_[sorted_[i]];
    const auto fail = [&](const std::string& what) {
      FailPiece(sorted_[i], piece.text, what, origin);
    };
    if (piece.text.empty()) fail("is empty");
    if (i > 0 && pieces_[sorted_[i - 1]].text == piece.text) {
      fail("is piece " + std::to_string(sorted_[i - 1]) + " too");
    }
    if (!std::isfinite(piece.score)) fail("its score is not finite");
    least = std::min(least, piece.score);
  }
  unk_score_ = least - kUnknownPenalty;
}

// Viterbi's algorithm over the places between bytes.
std::vector<Unigram::Node> Unigram::Search(std::string_view word) const {
  std::vector<Node> nodes(word.size() + 1);
  for (size_t begin = 0; begin < word.size();) {
    const double before = nodes[begin].score;
    const size_t character = CharacterLength(word[begin]);
    bool has_character = false;
    auto first = sorted_.begin();
    auto last = sorted_.end();
    for (size_t at = 0; begin + at < word.size(); ++at) {
      const int byte = static_cast<unsigned char>(word[begin + at]);
      first = std::lower_bound(first, last, byte, [&](int64_t id, int value) {
        return ByteAt(pieces_[id].text, at) < value;
      });
      last = std::upper_bound(first, last, byte, [&](int value, int64_t id) {
        return value < ByteAt(pieces_[id].text, at);
      });
      if (first == last) break;
      const UnigramPiece& piece = pieces_[*first];
      if (piece.text.size() != at + 1) continue;
      nodes[begin + at + 1].Offer(before + piece.score, begin, *first);
      has_character = has_character || at + 1 == character;
    }
    if (!has_character) {
      nodes[begin + character].Offer(before + unk_score_, begin, unk_id_);
    }
    begin += character;
  }
  return nodes;
}

void Unigram::Encode(std::string_view word, std::vector<int64_t>& ids) const {
  const std::vector<Node> nodes = Search(word);
  const auto old_size = static_cast<std::ptrdiff_t>(ids.size());
  for (size_t end = word.size(); end > 0; end = nodes[end].begin) {
    const int64_t id = nodes[end].id;
    const bool goes_on =
        id == unk_id_ && end < word.size() && ids.back() == unk_id_;
    if (!goes_on) ids.push_back(id);
  }
  std::reverse(ids.begin() + old_size, ids.end());
}

}  // namespace gloce
