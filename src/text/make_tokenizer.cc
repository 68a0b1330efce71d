#include "text/make_tokenizer.h"

#include <string>
#include <utility>
#include <vector>

#include "bundle/manifest.h"
#include "gloce/base/error.h"
#include "gloce/bundle/bundle.h"
#include "text/clip_bpe.h"
#include "text/sentencepiece_tokenizer.h"

namespace gloce {
namespace {

std::vector<AddedToken> AddedTokens(const TextSpec& text) {
  std::vector<AddedToken> tokens;
  for (const AddedTokenSpec& token : text.added_tokens) {
    tokens.push_back({token.content, token.id, token.normalized, token.lstrip,
                      token.rstrip});
  }
  return tokens;
}

std::unique_ptr<Tokenizer> MakeSentencePiece(const Bundle& bundle,
                                             SentencePieceFamily family) {
  const TextSpec& text = bundle.manifest().text;
  const BundleFile& file = bundle.manifest().files.at("sentencepiece");
  const std::string path = bundle.folder() + "/" + file.name;
  SentencePieceOptions options{family,
                               text.max_length,
                               text.bos_token_id,
                               text.eos_token_id,
                               text.pad_token_id,
                               text.unk_token_id,
                               AddedTokens(text)};
  auto tokenizer = std::make_unique<SentencePieceTokenizer>(
      ReadSentencePieceModel(bundle.ReadChecked(file), path),
      std::move(options), path);
  if (tokenizer->vocab_size() != text.vocab_size) {
    throw Error(path + ": got " + std::to_string(tokenizer->vocab_size()) +
                " ids with the added tokens, bundle.json has a vocab_size of " +
                std::to_string(text.vocab_size));
  }
  return tokenizer;
}

}  // namespace

std::unique_ptr<Tokenizer> MakeClipTokenizer(const TextSpec& text,
                                             const std::string& vocab_json,
                                             const std::string& merges_text,
                                             const std::string& origin) {
  ClipBpeOptions options;
  options.max_length = text.max_length;
  options.bos_id = text.bos_token_id.value();
  options.eos_id = text.eos_token_id;
  options.pad_id = text.pad_token_id;
  options.unk_id = text.unk_token_id;
  options.added_tokens = AddedTokens(text);
  return std::make_unique<ClipBpeTokenizer>(vocab_json, merges_text, options,
                                            origin);
}

std::unique_ptr<Tokenizer> MakeTokenizer(const Bundle& bundle) {
  switch (bundle.manifest().text.tokenizer) {
    case TokenizerKind::kClipBpe:
      return MakeClipTokenizer(
          bundle.manifest().text,
          bundle.ReadChecked(bundle.manifest().files.at("vocab")),
          bundle.ReadChecked(bundle.manifest().files.at("merges")),
          bundle.folder() + "/tokenizer");
    case TokenizerKind::kT5:
      return MakeSentencePiece(bundle, SentencePieceFamily::kT5);
    case TokenizerKind::kXlmRoberta:
      return MakeSentencePiece(bundle, SentencePieceFamily::kXlmRoberta);
  }
  throw Error(bundle.folder() + ": unknown tokenizer");
}

}  // namespace gloce
