// Files in the published layout: what is written, and what is refused.
#include "erasure/published_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "bundle/safetensors.h"
#include "erasure/published_erasers.h"
#include "erasure/three_concepts.h"
#include "error_text.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {
namespace {

using testing::HasSubstr;

const std::string kFirst =
    "lora_gloce_down_blocks_0_attentions_0_attn2_to_out_0";

// Every key and shape that the published code writes, and nothing else; the map
// as the product that the published code computes with it.
TEST(PublishedCheckpointTest, FilesHaveThePublishedLayout) {
  const Erasers erasers = ThreeConcepts();
  const PublishedErasers published = PublishedFromErasers(erasers);
  EXPECT_EQ(published.folders,
            (std::vector<std::string>{"cat", "Brad_Pitt", "owl"}));
  const SafetensorsFile file = SafetensorsFile::Parse(
      SerializePublishedCheckpoint(published.checkpoints[1]), "ckpt");
  EXPECT_EQ(file.metadata(),
            (std::map<std::string, std::string>{
                {"prompts", "Brad Pitt"}, {"rank", "16"}, {"alpha", "1.0"}}));
  const std::map<std::string, std::vector<int64_t>> expected = {
      {".lora_degen.weight", {8, 3}},
      {".lora_update.weight", {8, 3}},
      {".bias.weight", {1, 1, 8}},
      {".debias.weight", {1, 1, 8}},
      {".selector.select_weight.weight", {1, 8, 2}},
      {".selector.select_mean_diff.weight", {1, 8}},
      {".selector.imp_center", {}},
      {".selector.imp_slope", {1}},
      {".alpha", {}}};
  EXPECT_EQ(file.entries().size(), 2 * expected.size());
  for (const auto& [suffix, shape] : expected) {
    const SafetensorsEntry* entry = file.Find(kFirst + suffix);
    ASSERT_NE(entry, nullptr) << suffix;
    EXPECT_EQ(entry->shape, shape) << suffix;
    EXPECT_EQ(entry->dtype, "F32") << suffix;
  }
  const auto values = [&](const char* suffix) {
    const SafetensorsEntry* entry = file.Find(kFirst + suffix);
    at::Tensor tensor = at::empty(entry->shape, at::kFloat);
    std::memcpy(tensor.data_ptr(), entry->data.data(), entry->data.size());
    return tensor;
  };
  const LayerErasers& layer = erasers.layers[0];
  ExpectSameBits(values(".lora_degen.weight"), layer.map_up[1]);
  ExpectSameBits(values(".lora_update.weight"), layer.map_down[1].t());
  ExpectSameBits(values(".bias.weight")[0][0], layer.mapping_mean[1]);
  ExpectSameBits(values(".debias.weight")[0][0], layer.target_mean[1]);
  ExpectSameBits(values(".selector.select_weight.weight")[0],
                 layer.gate_basis[1]);
  ExpectSameBits(values(".selector.select_mean_diff.weight")[0],
                 layer.surrogate_mean[1]);
  ExpectSameBits(values(".selector.imp_center"), layer.gate_center[1]);
  ExpectSameBits(values(".selector.imp_slope")[0], layer.gate_slope[1]);
  EXPECT_EQ(values(".alpha").item<float>(), 1.0F);
}

// The message for a checkpoint whose tensors or metadata were changed.
std::string MessageFor(
    const std::function<void(std::map<std::string, SafetensorsEntry>&,
                             std::map<std::string, std::string>&)>& change,
    const std::vector<HookPoint>& hooks = kHooks) {
  const SafetensorsFile file = SafetensorsFile::Parse(
      SerializePublishedCheckpoint(
          PublishedFromErasers(ThreeConcepts()).checkpoints[0]),
      "ckpt");
  std::map<std::string, SafetensorsEntry> entries;
  for (const SafetensorsEntry& entry : file.entries())
    entries[entry.name] = entry;
  auto metadata = file.metadata();
  change(entries, metadata);
  std::vector<SafetensorsEntry> changed;
  for (auto& [name, entry] : entries) {
    entry.name = name;
    changed.push_back(entry);
  }
  const std::string bytes = SerializeSafetensors(changed, metadata);
  return ErrorText([&] { ParsePublishedCheckpoint(bytes, "x/ckpt", hooks); });
}

TEST(PublishedCheckpointTest, BrokenFilesAreRefusedByName) {
  const auto entry = [](const char* suffix, auto&& change) {
    return MessageFor(
        [&](auto& entries, auto&) { change(entries.at(kFirst + suffix)); });
  };
  const auto reshape = [&](const char* suffix, std::vector<int64_t> shape) {
    return entry(suffix, [&](SafetensorsEntry& e) { e.shape = shape; });
  };
  EXPECT_THAT(
      reshape(".lora_degen.weight", {3, 8}),
      HasSubstr("lora_degen.weight: got F32 (3, 8), expected F32 (8, "));
  EXPECT_THAT(reshape(".lora_update.weight", {24}), HasSubstr("(8, 3)"));
  EXPECT_THAT(reshape(".lora_update.weight", {1, 8, 3}), HasSubstr("(8, 3)"));
  EXPECT_THAT(reshape(".bias.weight", {1, 8}), HasSubstr("(1, 1, 8)"));
  EXPECT_THAT(reshape(".selector.select_weight.weight", {1, 2, 8}),
              HasSubstr("(1, 8, "));
  EXPECT_THAT(reshape(".selector.imp_center", {1}),
              HasSubstr("got F32 (1), expected F32 ()"));
  EXPECT_THAT(reshape(".selector.imp_slope", {}),
              HasSubstr("expected F32 (1)"));
  EXPECT_THAT(entry(".selector.imp_slope",
                    [](SafetensorsEntry& e) { e.dtype = "I32"; }),
              HasSubstr("got I32 (1), expected F32 (1)"));
  static const std::string half(8 * 3 * 2, '\0');
  EXPECT_THAT(entry(".lora_update.weight",
                    [](SafetensorsEntry& e) {
                      e.dtype = "F16";
                      e.data = half;
                    }),
              HasSubstr("got F16"));
  static const std::string two("\0\0\0\x40", 4);
  EXPECT_THAT(entry(".alpha", [](SafetensorsEntry& e) { e.data = two; }),
              HasSubstr("got 2.0"));
  static const std::string narrow(8 * 1 * 4, '\0');
  EXPECT_THAT(entry(".lora_update.weight",
                    [](SafetensorsEntry& e) {
                      e.shape = {8, 1};
                      e.data = narrow;
                    }),
              HasSubstr("got F32 (8, 1), expected F32 (8, 3)"));
  static const std::string nan("\0\0\xC0\x7F", 4);
  EXPECT_THAT(ErrorText([] {
                PublishedCheckpoint checkpoint =
                    PublishedFromErasers(ThreeConcepts()).checkpoints[0];
                std::string bytes = SerializePublishedCheckpoint(checkpoint);
                bytes.replace(bytes.size() - 4, 4, nan);
                ParsePublishedCheckpoint(bytes, "x/ckpt", kHooks);
              }),
              testing::AllOf(HasSubstr("lora_gloce_mid_block_attn2_to_out_0"),
                             HasSubstr("finite")));
  EXPECT_THAT(entry(".lora_degen.weight",
                    [](SafetensorsEntry& e) {
                      e.shape = {8, 0};
                      e.data = "";
                    }),
              HasSubstr("(8, 0)"));
}

TEST(PublishedCheckpointTest, MissingAndSuperfluousPartsAreNamed) {
  const auto erase_layer = [](auto& entries, auto&) {
    std::erase_if(entries,
                  [](const auto& e) { return e.first.starts_with(kFirst); });
  };
  EXPECT_THAT(MessageFor(erase_layer), HasSubstr("layer " + kFirst));
  EXPECT_THAT(MessageFor([](auto& entries, auto&) {
                entries.erase(kFirst + ".bias.weight");
              }),
              HasSubstr(kFirst + ".bias.weight is missing"));
  EXPECT_THAT(MessageFor([](auto& entries, auto&) {
                entries.erase(kFirst + ".alpha");
              }),
              HasSubstr(".alpha is missing"));
  EXPECT_THAT(MessageFor([](auto&, auto&) {}, {kHooks[0]}),
              HasSubstr("unknown tensor \"lora_gloce_mid_block"));
  EXPECT_THAT(MessageFor([](auto&, auto&) {}, {}), HasSubstr("no hook point"));
  EXPECT_THAT(
      MessageFor([](auto&, auto&) {}, {{"a_b.c", 8, ""}, {"a.b_c", 8, ""}}),
      testing::AllOf(HasSubstr("a_b.c"), HasSubstr("a.b_c")));
  EXPECT_THAT(MessageFor([](auto&, auto& m) { m.erase("prompts"); }),
              HasSubstr("\"prompts\" is missing"));
  EXPECT_THAT(MessageFor([](auto&, auto& m) { m.erase("rank"); }),
              HasSubstr("\"rank\" is missing"));
  for (const char* rank : {"", "16.0", "-1", "x", "99999999999999999999"}) {
    EXPECT_THAT(MessageFor([&](auto&, auto& m) { m["rank"] = rank; }),
                HasSubstr("rank"))
        << rank;
  }
  EXPECT_THAT(ErrorText([] {
                ParsePublishedCheckpoint(SerializeErasers(ThreeConcepts()), "e",
                                         kHooks);
              }),
              HasSubstr("got a file of format \"gloce-erasers\""));
}

TEST(PublishedCheckpointTest, LayersOfDifferentRankAreRefused) {
  PublishedCheckpoint checkpoint =
      PublishedFromErasers(ThreeConcepts()).checkpoints[0];
  LayerErasers& layer = checkpoint.layers[1];
  layer.gate_basis = layer.gate_basis.narrow(2, 0, 1);
  EXPECT_THAT(ErrorText([&] {
                ParsePublishedCheckpoint(
                    SerializePublishedCheckpoint(checkpoint), "ckpt", kHooks);
              }),
              testing::AllOf(HasSubstr("lora_gloce_mid_block"),
                             HasSubstr("has 1"), HasSubstr("has 2")));
}

}  // namespace
}  // namespace gloce
