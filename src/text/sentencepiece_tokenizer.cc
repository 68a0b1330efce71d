#include "text/sentencepiece_tokenizer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "gloce/base/error.h"
#include "text/special_tokens.h"
#include "text/unicode.h"

namespace gloce {
namespace {

// Marks the beginning of a word.
constexpr char32_t kWordMark = U'\u2581';

constexpr std::array kXlmRobertaFirst = {"<s>", "<pad>", "</s>", "<unk>"};
constexpr std::array kModelFirst = {"<unk>", "<s>", "</s>"};

int64_t SpecialTokens(SentencePieceFamily family) {
  return family == SentencePieceFamily::kT5 ? 1 : 2;
}

// The pieces by the family's ids.
std::vector<UnigramPiece> ArrangePieces(std::vector<UnigramPiece> pieces,
                                        SentencePieceFamily family,
                                        const std::string& origin) {
  if (family == SentencePieceFamily::kT5) return pieces;
  for (size_t i = 0; i < kModelFirst.size(); ++i) {
    if (i >= pieces.size() || pieces[i].text != kModelFirst[i]) {
      throw Error(origin + ": piece " + std::to_string(i) + ": got " +
                  (i < pieces.size() ? QuoteForMessage(pieces[i].text)
                                     : "no such piece") +
                  ", expected " + QuoteForMessage(kModelFirst[i]) +
                  " as in models of XLM-R");
    }
  }
  std::vector<UnigramPiece> arranged;
  arranged.reserve(pieces.size() + 1);
  for (const char* special : kXlmRobertaFirst) {
    arranged.push_back({special, 0.0});
  }
  for (size_t i = kModelFirst.size(); i < pieces.size(); ++i) {
    arranged.push_back(std::move(pieces[i]));
  }
  return arranged;
}

int64_t UnknownId(const SentencePieceModel& model, SentencePieceFamily family) {
  return family == SentencePieceFamily::kT5 ? static_cast<int64_t>(model.unk)
                                            : 3;
}

void CheckIds(const SentencePieceOptions& options,
              const std::vector<UnigramPiece>& pieces, int64_t unk_id,
              const std::string& origin) {
  const bool is_t5 = options.family == SentencePieceFamily::kT5;
  if (options.max_length < SpecialTokens(options.family)) {
    throw Error(origin + ": max_length: got " +
                std::to_string(options.max_length) + ", expected at least " +
                std::to_string(SpecialTokens(options.family)));
  }
  if (options.bos_id.has_value() == is_t5) {
    throw Error(origin + ": bos id: got " +
                (is_t5 ? std::to_string(*options.bos_id) : "none") +
                ", expected " + (is_t5 ? "none: T5 has no such token" : "one"));
  }
  const auto size = static_cast<int64_t>(pieces.size());
  const auto check = [&](const char* name, int64_t id,
                         std::optional<int64_t> expected) {
    if (id >= 0 && id < size && id == expected.value_or(id)) return;
    throw Error(origin + ": " + name + " id: got " + std::to_string(id) +
                ", expected " +
                (expected ? std::to_string(*expected)
                          : "one of its " + std::to_string(size) + " pieces"));
  };
  if (is_t5) {
    check("eos", options.eos_id, std::nullopt);
    check("pad", options.pad_id, std::nullopt);
  } else {
    check("bos", *options.bos_id, 0);
    check("pad", options.pad_id, 1);
    check("eos", options.eos_id, 2);
  }
  check("unk", options.unk_id, unk_id);
}

[[noreturn]] void FailToken(const AddedToken& token, const std::string& what,
                            const std::string& origin) {
  throw Error(origin + ": added token " + QuoteForMessage(token.content) +
              ": " + what);
}

void CheckAddedTokens(const std::vector<AddedToken>& tokens,
                      const std::vector<UnigramPiece>& pieces,
                      const std::string& origin) {
  for (const AddedToken& token : tokens) {
    if (token.content.empty()) throw Error(origin + ": added token is empty");
    const auto fail = [&](const std::string& what) {
      FailToken(token, what, origin);
    };
    if (token.normalized) {
      fail("normalized: got true, expected false");
    }
    if (token.id < 0) fail("got id " + std::to_string(token.id));
    const auto found = std::find_if(
        pieces.begin(), pieces.end(),
        [&](const UnigramPiece& piece) { return piece.text == token.content; });
    const int64_t place = found - pieces.begin();
    const auto size = static_cast<int64_t>(pieces.size());
    const bool is_piece = place < size;
    if (is_piece ? place != token.id : token.id < size) {
      fail("got id " + std::to_string(token.id) + ", the model has " +
           (is_piece ? std::to_string(place)
                     : "another piece there, " +
                           QuoteForMessage(pieces[token.id].text)));
    }
  }
}

}  // namespace

SentencePieceTokenizer::SentencePieceTokenizer(const SentencePieceModel& model,
                                               SentencePieceOptions options,
                                               const std::string& origin)
    : options_(std::move(options)),
      charsmap_(model.charsmap, origin),
      unigram_(ArrangePieces(model.pieces, options_.family, origin),
               UnknownId(model, options_.family), origin) {
  CheckIds(options_, unigram_.pieces(), UnknownId(model, options_.family),
           origin);
  CheckAddedTokens(options_.added_tokens, unigram_.pieces(), origin);
  for (const AddedToken& token : options_.added_tokens) {
    patterns_.push_back(
        {DecodeUtf8(token.content), token.id, token.lstrip, token.rstrip});
  }
}

int64_t SentencePieceTokenizer::max_text_length() const {
  return options_.max_length - SpecialTokens(options_.family);
}

int64_t SentencePieceTokenizer::vocab_size() const {
  auto size = static_cast<int64_t>(unigram_.pieces().size());
  for (const AddedToken& token : options_.added_tokens) {
    size = std::max(size, token.id + 1);
  }
  return size;
}

// Words are what stands between white space, and begin with a mark; a mark that
// the text itself holds begins a word, too.
void SentencePieceTokenizer::TokenizeSegment(std::u32string_view text,
                                             std::vector<int64_t>& ids) const {
  const std::u32string normalized = DecodeUtf8(charsmap_.Normalize(text));
  std::u32string word;
  const auto finish = [&] {
    if (!word.empty()) unigram_.Encode(EncodeUtf8(word), ids);
    word.clear();
  };
  for (const char32_t c : normalized) {
    if (c == kWordMark || IsSpace(c)) finish();
    if (IsSpace(c)) continue;
    if (word.empty() && c != kWordMark) word += kWordMark;
    word += c;
  }
  finish();
}

std::vector<int64_t> SentencePieceTokenizer::Tokenize(
    std::string_view text) const {
  std::vector<int64_t> ids;
  SplitAt(patterns_, DecodeUtf8(text), ids,
          [&](std::u32string_view segment) { TokenizeSegment(segment, ids); });
  return ids;
}

EncodedText SentencePieceTokenizer::Encode(std::string_view text) const {
  return AddSpecialTokens(Tokenize(text), options_.bos_id, options_.eos_id,
                          options_.pad_id, options_.max_length);
}

}  // namespace gloce
