#include "bundle/manifest.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/sha256.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

constexpr int64_t kVersion = 1;

int64_t PositiveInteger(JsonObject& object, const std::string& key) {
  const int64_t value = object.Integer(key);
  if (value < 1) {
    throw Error(object.place() + ": " + key + ": got " + std::to_string(value) +
                ", expected at least 1");
  }
  return value;
}

LatentSpec ReadLatent(JsonObject object) {
  LatentSpec latent{};
  latent.channels = PositiveInteger(object, "channels");
  latent.sample_size = PositiveInteger(object, "sample_size");
  latent.vae_scale_factor = PositiveInteger(object, "vae_scale_factor");
  latent.size_multiple = PositiveInteger(object, "size_multiple");
  latent.scaling_factor = object.Number("scaling_factor");
  latent.shift_factor = object.Number("shift_factor", 0.0);
  if (!(latent.scaling_factor > 0)) {
    throw Error(object.place() +
                ": scaling_factor: expected a positive number");
  }
  if (latent.size_multiple % latent.vae_scale_factor != 0) {
    throw Error(object.place() + ": size_multiple: got " +
                std::to_string(latent.size_multiple) +
                ", expected a multiple of vae_scale_factor " +
                std::to_string(latent.vae_scale_factor));
  }
  object.Finish();
  return latent;
}

std::vector<AddedTokenSpec> ReadAddedTokens(JsonObject& text) {
  std::vector<AddedTokenSpec> tokens;
  for (const auto& item : text.Array("added_tokens")) {
    JsonObject object(item, text.place() + ": added_tokens[" +
                                std::to_string(tokens.size()) + "]");
    tokens.push_back({object.String("content"), object.Integer("id"),
                      object.Bool("normalized"), object.Bool("lstrip", false),
                      object.Bool("rstrip", false)});
    object.Finish();
  }
  return tokens;
}

TokenizerKind ReadTokenizerKind(JsonObject& text) {
  static const std::map<std::string, TokenizerKind> kinds = {
      {"clip_bpe", TokenizerKind::kClipBpe},
      {"t5", TokenizerKind::kT5},
      {"xlm_roberta", TokenizerKind::kXlmRoberta}};
  const std::string name = text.String("tokenizer");
  const auto kind = kinds.find(name);
  if (kind == kinds.end()) {
    throw Error(text.place() + ": tokenizer: got " + QuoteForMessage(name) +
                ", expected \"clip_bpe\", \"t5\" or \"xlm_roberta\"; a newer "
                "gloce may know it");
  }
  return kind->second;
}

// Keys of the tokenizer's files in "files".
std::vector<std::string> TokenizerFiles(TokenizerKind kind) {
  if (kind == TokenizerKind::kClipBpe) return {"vocab", "merges"};
  return {"sentencepiece"};
}

std::vector<HookPoint> ReadHooks(JsonObject& root) {
  std::vector<HookPoint> hooks;
  std::set<std::string> paths;
  for (const auto& item : root.Array("hooks")) {
    JsonObject object(
        item, root.place() + ": hooks[" + std::to_string(hooks.size()) + "]");
    HookPoint hook{PlainText(object, "path"), PositiveInteger(object, "width"),
                   object.String("kind")};
    object.Finish();
    if (!paths.insert(hook.path).second) {
      throw Error(object.place() + ": path " + QuoteForMessage(hook.path) +
                  " appears twice");
    }
    hooks.push_back(std::move(hook));
  }
  return hooks;
}

std::map<std::string, BundleFile> ReadFiles(JsonObject object,
                                            TokenizerKind tokenizer) {
  std::map<std::string, BundleFile> files;
  for (const std::string& key : object.Keys()) {
    JsonObject entry = object.Object(key);
    files.emplace(key, ReadFileEntry(entry));
    entry.Finish();
  }
  std::vector<std::string> all = TokenizerFiles(tokenizer);
  all.insert(all.end(), {"unet", "text_encoder", "vae_decoder"});
  for (const std::string& needed : all) {
    if (!files.contains(needed))
      throw Error(object.place() + ": \"" + needed + "\" is missing");
  }
  return files;
}

std::map<std::string, EvaluatorSpec> ReadEvaluators(JsonObject object) {
  std::map<std::string, EvaluatorSpec> evaluators;
  for (const std::string& key : object.Keys()) {
    JsonObject entry = object.Object(key);
    EvaluatorSpec spec = ReadEvaluatorSpec(entry);
    entry.Finish();
    evaluators.emplace(key, std::move(spec));
  }
  return evaluators;
}

// The hash of what decides a picture. Not of the name, the source, hook points,
// evaluators and defaults: a bundle that differs in these draws the same.
std::string SamplingIdentity(const nlohmann::json& root) {
  nlohmann::json decides;
  for (const char* key :
       {"dtype", "latent", "prediction_type", "scheduler", "text"}) {
    decides[key] = root.at(key);
  }
  decides["scheduler"].erase("_diffusers_version");
  for (const auto& [key, file] : root.at("files").items())
    decides["files"][key] = file.at("sha256");
  return Sha256(decides.dump());
}

}  // namespace

TextSpec ReadTextSpec(JsonObject object) {
  TextSpec text{};
  text.tokenizer = ReadTokenizerKind(object);
  object.Object("files");  // the same names stand in "files" below, with hashes
  text.max_length = PositiveInteger(object, "max_length");
  text.vocab_size = PositiveInteger(object, "vocab_size");
  text.width = PositiveInteger(object, "width");
  if (text.tokenizer != TokenizerKind::kT5) {
    text.bos_token_id = object.Integer("bos_token_id");
  }
  text.eos_token_id = object.Integer("eos_token_id");
  text.pad_token_id = object.Integer("pad_token_id");
  text.unk_token_id = object.Integer("unk_token_id");
  text.added_tokens = ReadAddedTokens(object);
  object.Finish();
  return text;
}

BundleManifest ParseBundleManifest(const std::string& text,
                                   const std::string& origin) {
  const nlohmann::json parsed = ParseJson(text, origin);
  JsonObject root(parsed, origin);
  if (const std::string format = root.String("format");
      format != "gloce-bundle") {
    throw Error(origin + ": format: got " + QuoteForMessage(format) +
                ", expected \"gloce-bundle\"");
  }
  if (const int64_t version = root.Integer("version"); version != kVersion) {
    throw Error(origin + ": version: got " + std::to_string(version) +
                ", expected " + std::to_string(kVersion) +
                "; export the pipeline again with this gloce's scripts");
  }
  BundleManifest manifest;
  manifest.name = PlainText(root, "name");
  manifest.family = root.String("family");
  if (manifest.family != "sd1" && manifest.family != "sd2") {
    throw Error(origin + ": family: got " + QuoteForMessage(manifest.family) +
                ", expected \"sd1\" or \"sd2\"");
  }
  manifest.model_identity = HexDigest(root, "model_identity");
  manifest.dtype = root.String("dtype");
  manifest.prediction_type = root.String("prediction_type");
  JsonObject scheduler = root.Object("scheduler");
  manifest.scheduler_json = root.Any("scheduler").dump();
  if (scheduler.String("prediction_type", "epsilon") !=
      manifest.prediction_type) {
    throw Error(origin + ": prediction_type: got " +
                QuoteForMessage(manifest.prediction_type) +
                ", but the scheduler's configuration has another");
  }
  manifest.latent = ReadLatent(root.Object("latent"));
  manifest.text = ReadTextSpec(root.Object("text"));
  manifest.hooks = ReadHooks(root);
  manifest.files = ReadFiles(root.Object("files"), manifest.text.tokenizer);
  if (root.Has("evaluators"))
    manifest.evaluators = ReadEvaluators(root.Object("evaluators"));
  manifest.defaults_json =
      root.Has("defaults") ? root.Any("defaults").dump() : "{}";
  if (root.Has("source")) root.Any("source");
  root.Finish();
  manifest.sampling_identity = SamplingIdentity(parsed);
  return manifest;
}

}  // namespace gloce
