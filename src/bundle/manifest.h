// bundle.json: what a bundle contains. The format's page is docs/formats.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bundle/evaluator_spec.h"

namespace gloce {

// A layer of the denoiser whose output erasers may change.
struct HookPoint {
  std::string path;  // diffusers' module name, "down_blocks.0.….attn2.to_out.0"
  int64_t width;     // D, features of its output
  std::string kind;  // "cross_attention_output"

  bool operator==(const HookPoint&) const = default;
};

struct LatentSpec {
  int64_t channels;          // C
  int64_t sample_size;       // H = W of the latents the model was trained on
  int64_t vae_scale_factor;  // pixels a latent position covers along each side
  // a picture's sides must be multiples of this many pixels
  int64_t size_multiple;
  double scaling_factor;  // latents = scaling_factor · (encoded − shift_factor)
  double shift_factor;
};

// A token that is recognised as a whole where it stands in a prompt.
struct AddedTokenSpec {
  std::string content;
  int64_t id;
  bool normalized;  // looked for after normalisation, not before
  bool lstrip;      // takes white space before it along
  bool rstrip;      // the same after it
};

enum class TokenizerKind { kClipBpe, kT5, kXlmRoberta };

struct TextSpec {
  TokenizerKind tokenizer = TokenizerKind::kClipBpe;
  // L, tokens of a prompt with its special tokens and padding
  int64_t max_length = 0;
  int64_t vocab_size = 0;
  int64_t width = 0;                    // features of encoder_hidden_states
  std::optional<int64_t> bos_token_id;  // T5 has none
  int64_t eos_token_id = 0;
  int64_t pad_token_id = 0;
  int64_t unk_token_id = 0;
  std::vector<AddedTokenSpec> added_tokens;
};

struct BundleManifest {
  std::string name;
  std::string family;  // "sd1", "sd2"
  // hash of the source's denoiser and text encoder weights
  std::string model_identity;
  // hash of all of bundle.json that decides a picture (docs/formats.md)
  std::string sampling_identity;
  std::string prediction_type;  // "epsilon", "v_prediction", "sample"
  std::string scheduler_json;   // scheduler_config.json as diffusers writes it
  std::string dtype;            // of the stored weights
  LatentSpec latent{};
  TextSpec text;
  std::vector<HookPoint> hooks;  // in the order of the denoiser's modules
  // unet, text_encoder, vae_decoder; vocab, merges or sentencepiece
  std::map<std::string, BundleFile> files;
  std::map<std::string, EvaluatorSpec> evaluators;
  std::string defaults_json;  // build defaults; "{}" if the bundle brings none
};

// Reads "text". Throws Error naming the key.
TextSpec ReadTextSpec(JsonObject object);

// Parses and checks bundle.json. `origin` begins every message. Throws Error
// naming the key.
BundleManifest ParseBundleManifest(const std::string& text,
                                   const std::string& origin);

}  // namespace gloce
