#include "bundle/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "error_text.h"

namespace gloce {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A manifest with one hook, as the exporter writes it.
json Example() {
  const std::string hash(64, 'a');
  const json file = {{"name", "x.pt"}, {"sha256", hash}};
  return {{"format", "gloce-bundle"},
          {"version", 1},
          {"family", "sd1"},
          {"name", "example"},
          {"model_identity", hash},
          {"source", {{"torch", "2"}}},
          {"dtype", "float32"},
          {"latent",
           {{"channels", 4},
            {"sample_size", 64},
            {"vae_scale_factor", 8},
            {"scaling_factor", 0.18215},
            {"shift_factor", 0.0},
            {"size_multiple", 64}}},
          {"prediction_type", "epsilon"},
          {"scheduler", {{"num_train_timesteps", 1000}}},
          {"text",
           {{"tokenizer", "clip_bpe"},
            {"files", json::object()},
            {"max_length", 77},
            {"vocab_size", 49408},
            {"width", 768},
            {"bos_token_id", 49406},
            {"eos_token_id", 49407},
            {"pad_token_id", 49407},
            {"unk_token_id", 49407},
            {"added_tokens",
             {{{"content", "<|startoftext|>"},
               {"id", 49406},
               {"normalized", true}}}}}},
          {"hooks",
           {{{"path", "mid.attn2.to_out.0"},
             {"width", 320},
             {"kind", "cross_attention_output"}}}},
          {"files",
           {{"unet", file},
            {"text_encoder", file},
            {"vae_decoder", file},
            {"vocab", file},
            {"merges", file}}},
          {"evaluators", json::object()},
          {"defaults", {{"preset", "demo"}}}};
}

// What is said about the example with the value at `pointer` replaced.
std::string Complaint(const std::string& pointer, const json& value) {
  json manifest = Example();
  manifest[json::json_pointer(pointer)] = value;
  return ErrorText(
      [&] { ParseBundleManifest(manifest.dump(), "b/bundle.json"); });
}

std::string ComplaintWithout(const std::string& pointer,
                             const std::string& key) {
  json manifest = Example();
  manifest[json::json_pointer(pointer)].erase(key);
  return ErrorText(
      [&] { ParseBundleManifest(manifest.dump(), "b/bundle.json"); });
}

TEST(BundleManifestTest, ReadsEveryField) {
  const BundleManifest manifest =
      ParseBundleManifest(Example().dump(), "b/bundle.json");
  EXPECT_EQ(manifest.name, "example");
  EXPECT_EQ(manifest.prediction_type, "epsilon");
  EXPECT_EQ(manifest.latent.size_multiple, 64);
  EXPECT_DOUBLE_EQ(manifest.latent.scaling_factor, 0.18215);
  EXPECT_EQ(manifest.text.max_length, 77);
  EXPECT_EQ(manifest.text.unk_token_id, 49407);
  ASSERT_EQ(manifest.text.added_tokens.size(), 1u);
  EXPECT_EQ(manifest.text.added_tokens[0].content, "<|startoftext|>");
  EXPECT_EQ(manifest.text.added_tokens[0].id, 49406);
  EXPECT_TRUE(manifest.text.added_tokens[0].normalized);
  EXPECT_FALSE(manifest.text.added_tokens[0].lstrip);
  EXPECT_EQ(manifest.text.tokenizer, TokenizerKind::kClipBpe);
  ASSERT_EQ(manifest.hooks.size(), 1u);
  EXPECT_EQ(manifest.hooks[0],
            (HookPoint{"mid.attn2.to_out.0", 320, "cross_attention_output"}));
  EXPECT_EQ(json::parse(manifest.scheduler_json)["num_train_timesteps"], 1000);
  EXPECT_EQ(json::parse(manifest.defaults_json)["preset"], "demo");
}

TEST(BundleManifestTest, KnowsBothFamilies) {
  json manifest = Example();
  manifest["family"] = "sd2";
  EXPECT_EQ(ParseBundleManifest(manifest.dump(), "b").family, "sd2");
}

TEST(BundleManifestTest, ReadsSentencePieceTokenizers) {
  json manifest = Example();
  manifest["files"].erase("vocab");
  manifest["files"].erase("merges");
  manifest["files"]["sentencepiece"] = manifest["files"]["unet"];
  json& text = manifest["text"];
  text["added_tokens"][0]["lstrip"] = true;
  text["tokenizer"] = "xlm_roberta";
  BundleManifest parsed = ParseBundleManifest(manifest.dump(), "b");
  EXPECT_EQ(parsed.text.tokenizer, TokenizerKind::kXlmRoberta);
  EXPECT_EQ(parsed.text.bos_token_id, 49406);
  EXPECT_TRUE(parsed.text.added_tokens[0].lstrip);
  EXPECT_FALSE(parsed.text.added_tokens[0].rstrip);
  text["tokenizer"] = "t5";
  text.erase("bos_token_id");
  parsed = ParseBundleManifest(manifest.dump(), "b");
  EXPECT_EQ(parsed.text.tokenizer, TokenizerKind::kT5);
  EXPECT_FALSE(parsed.text.bos_token_id.has_value());
}

TEST(BundleManifestTest, DefaultsMayBeAbsent) {
  json manifest = Example();
  manifest.erase("defaults");
  manifest.erase("evaluators");
  manifest.erase("source");
  EXPECT_EQ(ParseBundleManifest(manifest.dump(), "b").defaults_json, "{}");
}

TEST(BundleManifestTest, AllThatDecidesPicturesIsInTheirIdentity) {
  const auto identity = [](const char* pointer, const json& value) {
    json manifest = Example();
    manifest[json::json_pointer(pointer)] = value;
    return ParseBundleManifest(manifest.dump(), "b").sampling_identity;
  };
  const std::string base = identity("/name", "example");
  EXPECT_EQ(base.size(), 64u);
  EXPECT_EQ(identity("/name", "other"), base);
  EXPECT_EQ(identity("/source/torch", "3"), base);
  EXPECT_EQ(identity("/scheduler/_diffusers_version", "1"), base);
  EXPECT_NE(identity("/scheduler/num_train_timesteps", 999), base);
  EXPECT_NE(identity("/latent/scaling_factor", 0.2), base);
  EXPECT_NE(identity("/text/pad_token_id", 0), base);
  EXPECT_NE(identity("/files/vae_decoder/sha256", std::string(64, 'b')), base);
}

TEST(BundleManifestTest, NamesWhatIsWrong) {
  EXPECT_THAT(Complaint("/format", "zip"), HasSubstr("\"gloce-bundle\""));
  EXPECT_THAT(Complaint("/version", 2), HasSubstr("export the pipeline again"));
  EXPECT_THAT(Complaint("/family", "sdxl"),
              HasSubstr("got \"sdxl\", expected \"sd1\" or \"sd2\""));
  EXPECT_THAT(Complaint("/model_identity", "AA"), HasSubstr("64 lower-case"));
  EXPECT_THAT(Complaint("/latent/channels", 0), HasSubstr("at least 1"));
  EXPECT_THAT(Complaint("/latent/scaling_factor", 0),
              HasSubstr("positive number"));
  EXPECT_THAT(Complaint("/latent/size_multiple", 12),
              HasSubstr("multiple of vae_scale_factor 8"));
  EXPECT_THAT(Complaint("/text/tokenizer", "spiece"),
              HasSubstr("got \"spiece\""));
  EXPECT_THAT(Complaint("/text/added_tokens/0/id", "7"),
              HasSubstr("added_tokens[0]: id"));
  EXPECT_THAT(Complaint("/text/added_tokens/0/single_word", true),
              HasSubstr("added_tokens[0]"));
  EXPECT_THAT(Complaint("/hooks/1", Example()["hooks"][0]),
              HasSubstr("appears twice"));
  EXPECT_THAT(Complaint("/files/unet/name", "../unet.pt"),
              HasSubstr("inside the bundle"));
  EXPECT_THAT(Complaint("/files/unet/name", "/unet.pt"),
              HasSubstr("inside the bundle"));
  EXPECT_THAT(Complaint("/files/unet/name", std::string("unet.pt\0x", 9)),
              HasSubstr("control characters"));
  EXPECT_THAT(Complaint("/name", "a\x1b[2J"), HasSubstr("control characters"));
  EXPECT_THAT(Complaint("/hooks/0/path", "a\nb"),
              HasSubstr("control characters"));
  EXPECT_THAT(Complaint("/scheduler", json::array()), HasSubstr("scheduler"));
  EXPECT_THAT(Complaint("/scheduler/prediction_type", 1),
              HasSubstr("scheduler: prediction_type"));
  EXPECT_THAT(Complaint("/files/unet/sha256", std::string(64, 'A')),
              HasSubstr("64 lower-case"));
  EXPECT_THAT(ComplaintWithout("/files", "merges"),
              HasSubstr("\"merges\" is missing"));
  EXPECT_THAT(ComplaintWithout("/text", "eos_token_id"),
              HasSubstr("eos_token_id"));
  EXPECT_THAT(Complaint("/extra", 1), HasSubstr("extra"));
}

TEST(BundleManifestTest, EveryMessageBeginsWithTheFile) {
  for (const char* key : {"/version", "/text/width", "/hooks/0/width"}) {
    EXPECT_THAT(Complaint(key, "x"), StartsWith("b/bundle.json: ")) << key;
  }
}

}  // namespace
}  // namespace gloce
