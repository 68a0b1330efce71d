#include "text/clip_bpe.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/json.h"
#include "gloce/base/error.h"
#include "text/clip_words.h"
#include "text/special_tokens.h"
#include "text/unicode.h"

namespace gloce {
namespace {

// Fills `added_tokens` if it is empty and checks every id and content.
void Complete(ClipBpeOptions& options, const TokenIds& vocabulary,
              const std::string& origin) {
  if (options.max_length < 2) {
    throw Error(origin + ": max_length: got " +
                std::to_string(options.max_length) + ", expected at least 2");
  }
  const bool use_special = options.added_tokens.empty();
  std::set<int64_t> seen;
  for (const auto& [name, id] : {std::pair("bos", options.bos_id),
                                 {"eos", options.eos_id},
                                 {"pad", options.pad_id},
                                 {"unk", options.unk_id}}) {
    const auto token =
        std::find_if(vocabulary.begin(), vocabulary.end(),
                     [id = id](const auto& t) { return t.second == id; });
    if (token == vocabulary.end()) {
      throw Error(origin + ": " + name + " id: got " + std::to_string(id) +
                  ", which is no token of vocab.json");
    }
    if (use_special && seen.insert(id).second) {
      options.added_tokens.push_back({token->first, id, false});
    }
  }
  for (const AddedToken& token : options.added_tokens) {
    if (token.content.empty()) throw Error(origin + ": added token is empty");
    const auto found = vocabulary.find(token.content);
    if (found != vocabulary.end() && found->second != token.id) {
      throw Error(origin + ": added token " + QuoteForMessage(token.content) +
                  ": got id " + std::to_string(token.id) + ", vocab.json has " +
                  std::to_string(found->second));
    }
  }
}

}  // namespace

ClipBpeTokenizer::ClipBpeTokenizer(const std::string& vocab_json,
                                   const std::string& merges_text,
                                   ClipBpeOptions options,
                                   const std::string& origin)
    : ClipBpeTokenizer(ParseVocabulary(vocab_json, origin + "/vocab.json"),
                       merges_text, std::move(options), origin) {}

ClipBpeTokenizer::ClipBpeTokenizer(const TokenIds& vocabulary,
                                   const std::string& merges_text,
                                   ClipBpeOptions options,
                                   const std::string& origin)
    : options_(std::move(options)),
      encoder_(vocabulary, merges_text, options_.unk_id,
               origin + "/merges.txt") {
  Complete(options_, vocabulary, origin);
  for (const AddedToken& token : options_.added_tokens) {
    const std::u32string content = DecodeUtf8(token.content);
    if (token.normalized) {
      normalized_patterns_.push_back(
          {NormalizeForClip(content), token.id, false, false});
    } else {
      raw_patterns_.push_back({content, token.id, false, false});
    }
  }
}

void ClipBpeTokenizer::TokenizeSegment(std::u32string_view text,
                                       std::vector<int64_t>& ids) const {
  SplitAt(normalized_patterns_, NormalizeForClip(text), ids,
          [&](std::u32string_view segment) {
            for (const std::string& word : SplitClipWords(segment)) {
              encoder_.Encode(word, ids);
            }
          });
}

std::vector<int64_t> ClipBpeTokenizer::Tokenize(std::string_view text) const {
  std::vector<int64_t> ids;
  SplitAt(raw_patterns_, DecodeUtf8(text), ids,
          [&](std::u32string_view segment) { TokenizeSegment(segment, ids); });
  return ids;
}

EncodedText ClipBpeTokenizer::Encode(std::string_view text) const {
  return AddSpecialTokens(Tokenize(text), options_.bos_id, options_.eos_id,
                          options_.pad_id, options_.max_length);
}

}  // namespace gloce
