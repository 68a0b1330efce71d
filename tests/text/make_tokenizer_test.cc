#include "text/make_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"
#include "base/sha256.h"
#include "error_text.h"
#include "gloce/bundle/bundle.h"
#include "sentencepiece_models.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

// A bundle with T5's tokenizer and names in place of networks.
class MakeTokenizerTest : public testing::Test {
 protected:
  MakeTokenizerTest() { SetModel(SentencePieceBytes(TinyT5Pieces())); }

  void SetModel(const std::string& bytes) {
    WriteFileAtomically(Path("spiece.model"), bytes);
    manifest_["files"]["sentencepiece"]["sha256"] = Sha256(bytes);
  }

  std::string Path(const std::string& name) const { return folder_ / name; }

  std::unique_ptr<Tokenizer> Make() {
    WriteFileAtomically(Path("bundle.json"), manifest_.dump());
    return MakeTokenizer(Bundle(folder_.path()));
  }

  std::string Complaint() {
    return ErrorText([&] { Make(); });
  }

  const std::string hash_ = std::string(64, 'a');
  TemporaryFolder folder_;
  json manifest_ = {
      {"format", "gloce-bundle"},
      {"version", 1},
      {"family", "sd1"},
      {"name", "tiny"},
      {"model_identity", hash_},
      {"dtype", "float32"},
      {"latent",
       {{"channels", 4},
        {"sample_size", 8},
        {"vae_scale_factor", 4},
        {"scaling_factor", 1.0},
        {"size_multiple", 8}}},
      {"prediction_type", "epsilon"},
      {"scheduler", json::object()},
      {"text",
       {{"tokenizer", "t5"},
        {"files", {{"sentencepiece", "spiece.model"}}},
        {"max_length", 6},
        {"vocab_size", 15},
        {"width", 8},
        {"eos_token_id", 1},
        {"pad_token_id", 0},
        {"unk_token_id", 2},
        {"added_tokens",
         {{{"content", "</s>"}, {"id", 1}, {"normalized", false}},
          {{"content", "<extra_id_0>"},
           {"id", 14},
           {"normalized", false},
           {"lstrip", true},
           {"rstrip", true}}}}}},
      {"hooks", json::array()},
      {"files",
       {{"unet", {{"name", "u.pt"}, {"sha256", hash_}}},
        {"text_encoder", {{"name", "t.pt"}, {"sha256", hash_}}},
        {"vae_decoder", {{"name", "v.pt"}, {"sha256", hash_}}},
        {"sentencepiece", {{"name", "spiece.model"}, {"sha256", hash_}}}}}};
};

TEST_F(MakeTokenizerTest, MakesT5) {
  EXPECT_THAT(Make()->Encode("a <extra_id_0> cat").input_ids,
              ElementsAre(4, 14, 5, 1, 0, 0));
}

TEST_F(MakeTokenizerTest, MakesXlmRoberta) {
  SetModel(SentencePieceBytes(TinyXlmRobertaPieces()));
  json& text = manifest_["text"];
  text.update({{"tokenizer", "xlm_roberta"},
               {"vocab_size", 16},
               {"bos_token_id", 0},
               {"eos_token_id", 2},
               {"pad_token_id", 1},
               {"unk_token_id", 3},
               {"added_tokens", json::array()}});
  EXPECT_THAT(Make()->Encode("a cat").input_ids, ElementsAre(0, 5, 6, 2, 1, 1));
  text.erase("bos_token_id");
  EXPECT_THAT(Complaint(), HasSubstr("bos_token_id"));
}

TEST_F(MakeTokenizerTest, ModelThatWasChangedIsRefused) {
  const std::string bytes = ReadFile(Path("spiece.model"));
  WriteFileAtomically(Path("spiece.model"), bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(Complaint(), HasSubstr("spiece.model: sha256: got "));
}

TEST_F(MakeTokenizerTest, ModelThatIsNoneIsRefused) {
  SetModel("{\"vocab\": {}}");
  EXPECT_THAT(Complaint(),
              HasSubstr("spiece.model: is no sentencepiece model"));
}

TEST_F(MakeTokenizerTest, VocabularyOfAnotherSizeIsRefused) {
  manifest_["text"]["vocab_size"] = 32128;
  EXPECT_THAT(Complaint(),
              HasSubstr("spiece.model: got 15 ids with the added tokens, "
                        "bundle.json has a vocab_size of 32128"));
}

TEST_F(MakeTokenizerTest, MissingModelIsRefused) {
  manifest_["files"].erase("sentencepiece");
  EXPECT_THAT(Complaint(), HasSubstr("\"sentencepiece\" is missing"));
}

TEST_F(MakeTokenizerTest, BosOfT5IsRefused) {
  manifest_["text"]["bos_token_id"] = 1;
  EXPECT_THAT(Complaint(), HasSubstr("bos_token_id"));
}

}  // namespace
}  // namespace gloce
