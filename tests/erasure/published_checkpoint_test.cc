#include "erasure/published_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "bundle/safetensors.h"
#include "erasure/layer_tensors.h"
#include "erasure/published_erasers.h"
#include "erasure/sample_erasers.h"
#include "error_text.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {
namespace {

using testing::HasSubstr;

const std::vector<HookPoint> kHooks = {
    {"down_blocks.0.attentions.0.attn2.to_out.0", 8, ""},
    {"mid_block.attn2.to_out.0", 6, ""}};
const std::string kFirst =
    "lora_gloce_down_blocks_0_attentions_0_attn2_to_out_0";

// Ranks of 2, 3 and 1 in the map and 1, 2 and 1 in the gate: padded to 3 and 2.
Erasers ThreeConcepts() {
  Erasers wide = SampleErasers("Brad Pitt", kHooks, "model", 2, 2);
  wide.concepts[0].settings.rank_map = 3;
  for (LayerErasers& layer : wide.layers) {
    layer.map_up = at::randn({1, layer.width, 3});
    layer.map_down = at::randn({1, 3, layer.width});
  }
  Erasers narrow = SampleErasers("owl", kHooks, "model", 1, 3);
  narrow.concepts[0].settings.rank_map = 1;
  for (LayerErasers& layer : narrow.layers) {
    layer.map_up = layer.map_up.narrow(2, 0, 1).contiguous();
    layer.map_down = layer.map_down.narrow(1, 0, 1).contiguous();
    layer.gate_center = at::full({1}, -0.0);  // its sign is kept, too
  }
  return MergeErasers(
      {SampleErasers("cat", kHooks, "model", 1, 1), wide, narrow});
}

BundleManifest Manifest() {
  BundleManifest manifest;
  manifest.model_identity = "model";
  manifest.scheduler_json = R"({"num_train_timesteps": 1000})";
  manifest.hooks = kHooks;
  return manifest;
}

// Erasers → published files → erasers.
Erasers ThroughFiles(const Erasers& erasers,
                     const PublishedSettings& settings = {}) {
  std::vector<PublishedCheckpoint> read;
  std::vector<std::string> paths;
  for (const PublishedCheckpoint& checkpoint :
       PublishedFromErasers(erasers).checkpoints) {
    paths.push_back(checkpoint.name + "/ckpt.safetensors");
    read.push_back(ParsePublishedCheckpoint(
        SerializePublishedCheckpoint(checkpoint), paths.back(), kHooks));
  }
  return ErasersFromPublished(read, paths, Manifest(), settings);
}

void ExpectSameBits(const at::Tensor& a, const at::Tensor& b) {
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_TRUE(
      a.contiguous().view(at::kInt).equal(b.contiguous().view(at::kInt)));
}

void ExpectSameTensors(const Erasers& a, const Erasers& b) {
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (size_t l = 0; l < a.layers.size(); ++l) {
    EXPECT_EQ(a.layers[l].path, b.layers[l].path);
    EXPECT_EQ(a.layers[l].width, b.layers[l].width);
    for (const LayerTensor& spec : kLayerTensors) {
      SCOPED_TRACE(a.layers[l].path + "." + spec.name);
      ExpectSameBits(a.layers[l].*spec.tensor, b.layers[l].*spec.tensor);
    }
  }
}

TEST(PublishedCheckpointTest, RoundTripKeepsEveryTensorBitForBit) {
  const Erasers erasers = ThreeConcepts();
  ASSERT_EQ(erasers.layers[0].map_up.sizes(), at::IntArrayRef({3, 8, 3}));
  const Erasers back = ThroughFiles(erasers);
  ExpectSameTensors(back, erasers);
  EXPECT_EQ(back.model_identity, erasers.model_identity);
  for (size_t n = 0; n < 3; ++n) {
    EXPECT_EQ(back.concepts[n].settings.name,
              erasers.concepts[n].settings.name);
    EXPECT_EQ(back.concepts[n].settings.rank_target,
              erasers.concepts[n].settings.rank_target);
  }
  // Once more: what was converted converts, and is a file like any other.
  ExpectSameTensors(ThroughFiles(back), erasers);
  EXPECT_EQ(SerializeErasers(ParseErasers(SerializeErasers(back), "back")),
            SerializeErasers(back));
  // Of a choice, too, whose padding nobody needs.
  const Erasers owl = SelectConcepts(erasers, {"owl"});
  ExpectSameTensors(ThroughFiles(owl), owl);
}

TEST(PublishedCheckpointTest, FilesOfDifferentRanksArePadded) {
  std::vector<PublishedCheckpoint> read;
  for (const char* name : {"cat", "fox"}) {
    const Erasers one = SampleErasers(name, kHooks, "model",
                                      /*rank_gate=*/*name == 'c' ? 1 : 3);
    read.push_back(PublishedFromErasers(one).checkpoints[0]);
  }
  const Erasers both = ErasersFromPublished(read, {"a", "b"}, Manifest(), {});
  EXPECT_EQ(both.layers[0].gate_basis.sizes(), at::IntArrayRef({2, 8, 3}));
  EXPECT_EQ(both.concepts[0].settings.rank_gate, 1);
  EXPECT_EQ(both.concepts[1].settings.rank_gate, 3);
  ExpectSameBits(both.layers[0].gate_basis[0].narrow(1, 0, 1),
                 read[0].layers[0].gate_basis[0]);
}

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

TEST(PublishedCheckpointTest, ArgumentsSayWhatNoFileHolds) {
  Erasers erasers = ThreeConcepts();
  for (ConceptInfo& info : erasers.concepts) {
    info.settings.eta = 5;
    info.gate_start_timestep = 801;
  }
  EXPECT_EQ(PublishedFromErasers(erasers).arguments.CommandLine(),
            (std::vector<std::string>{"--find_module_name", "unet_ca_out",
                                      "--degen_rank", "3", "--update_rank",
                                      "16", "--gate_rank", "2", "--eta", "5.0",
                                      "--st_timestep", "10"}));
  // The timesteps of PNDM's 51 calls are 981, 961, 961, 941, … 1.
  for (const auto& [timestep, start] : {std::pair{1001.0, 0},
                                        {981.0, 0},
                                        {980.0, 1},
                                        {961.0, 1},
                                        {960.9, 3},
                                        {921.0, 4},
                                        {1.0, 50},
                                        {0.0, 51}}) {
    Erasers one = SelectConcepts(erasers, {"cat"});
    one.concepts[0].gate_start_timestep = timestep;
    EXPECT_EQ(PublishedFromErasers(one).arguments.start, start) << timestep;
  }
}

TEST(PublishedCheckpointTest, WhatThePublishedProgramCannotBeToldIsAnError) {
  const auto message = [](const std::function<void(Erasers&)>& change) {
    Erasers erasers = ThreeConcepts();
    change(erasers);
    return ErrorText([&] { PublishedFromErasers(erasers); });
  };
  EXPECT_THAT(
      message([](Erasers& e) { e.concepts[1].settings.eta = 5; }),
      testing::AllOf(HasSubstr("one eta"), HasSubstr("\"cat\" has 1.0"),
                     HasSubstr("\"Brad Pitt\" has 5.0"), HasSubstr("--only")));
  EXPECT_THAT(
      message([](Erasers& e) { e.concepts[2].settings.rank_target = 1; }),
      testing::AllOf(HasSubstr("r2"), HasSubstr("\"owl\" has 1")));
  EXPECT_THAT(
      message([](Erasers& e) { e.concepts[2].gate_start_timestep = 801; }),
      HasSubstr("first gated call"));
  EXPECT_THAT(message([](Erasers& e) { e.concepts[0].settings.name = "a,b"; }),
              HasSubstr("commas"));
  for (const char* name : {"a/b", ".", ".."}) {
    EXPECT_THAT(
        message([&](Erasers& e) { e.concepts[0].settings.name = name; }),
        HasSubstr("folder"));
  }
  EXPECT_THAT(
      message([](Erasers& e) { e.concepts[2].settings.name = "Brad_Pitt"; }),
      testing::AllOf(HasSubstr("\"Brad Pitt\""),
                     HasSubstr("share the folder Brad_Pitt")));
  EXPECT_THAT(message([](Erasers& e) {
                LayerErasers& layer = e.layers[1];
                layer.map_up = layer.map_up.narrow(2, 0, 2);
                layer.map_down = layer.map_down.narrow(1, 0, 2);
              }),
              HasSubstr("mid_block.attn2.to_out.0"));
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

TEST(PublishedErasersTest, WhatTheFileDoesNotHoldIsUnknown) {
  Erasers erasers = SampleErasers("Brad Pitt", kHooks, "model");
  for (LayerErasers& layer : erasers.layers) {
    // As the published code computes it for tau = 1.5, in float32.
    layer.gate_slope = at::full({1}, 3063.41650);
  }
  PublishedSettings settings;
  settings.gate_start = 20;
  settings.eta = 2;
  const ConceptInfo info = ThroughFiles(erasers, settings).concepts[0];
  EXPECT_EQ(info.settings.tau, 1.5);
  EXPECT_EQ(info.settings.eta, 2);
  EXPECT_EQ(info.gate_start_timestep, 601);
  EXPECT_EQ(info.settings.rank_map, 2);
  EXPECT_THAT(info.tool_version, HasSubstr("published checkpoint"));
  EXPECT_EQ(info.unknown,
            (std::vector<std::string>{
                "prompts", "mapping", "surrogate", "anchors", "scheduler",
                "steps", "guidance", "window", "num_seeds", "gate_start"}));
  const Erasers back =
      ParseErasers(SerializeErasers(ThroughFiles(erasers, settings)), "e");
  EXPECT_EQ(back.concepts[0].unknown, info.unknown);

  // Slopes that differ tell no tau.
  erasers.layers[0].gate_slope = at::full({1}, 100.0);
  EXPECT_THAT(ThroughFiles(erasers).concepts[0].unknown,
              testing::Contains("tau"));
}

TEST(PublishedErasersTest, APresetTellsTheRest) {
  Erasers erasers = SampleErasers("Brad Pitt", kHooks, "model");
  for (LayerErasers& layer : erasers.layers)
    layer.gate_slope = at::full({1}, 1838.04993);
  PublishedSettings settings;
  settings.preset = "celebrity";
  const ConceptInfo info = ThroughFiles(erasers, settings).concepts[0];
  EXPECT_EQ(info.settings.prompts,
            std::vector<std::string>{"A face of Brad Pitt"});
  EXPECT_EQ(info.settings.statistics.window_end, 20);
  EXPECT_EQ(info.gate_start_timestep, 801);
  // Which of the pool they were, it does not tell.
  EXPECT_EQ(info.unknown, (std::vector<std::string>{"mapping", "anchors"}));

  settings.preset = "explicit";  // tau 1.5
  EXPECT_THAT(ErrorText([&] { ThroughFiles(erasers, settings); }),
              testing::AllOf(HasSubstr("tau"), HasSubstr("2.5"),
                             HasSubstr("explicit is 1.5")));
  settings.preset = "style";  // ranks 1, 1, 1
  EXPECT_THAT(ErrorText([&] { ThroughFiles(erasers, settings); }),
              HasSubstr("rank_map: the file's is 2"));
  settings.preset = "nonsense";
  EXPECT_THROW(ThroughFiles(erasers, settings), UsageError);
  settings.preset = std::nullopt;
  settings.gate_start = 51;
  EXPECT_THROW(ThroughFiles(erasers, settings), UsageError);
}

TEST(PublishedErasersTest, OneNameInTwoFilesIsAnError) {
  const auto one = PublishedFromErasers(SampleErasers("cat", kHooks, "model"))
                       .checkpoints[0];
  EXPECT_THAT(
      ErrorText([&] {
        ErasersFromPublished({one, one}, {"a/ckpt", "b/ckpt"}, Manifest(), {});
      }),
      testing::AllOf(HasSubstr("b/ckpt"), HasSubstr("a/ckpt"),
                     HasSubstr("\"cat\"")));
}

}  // namespace
}  // namespace gloce
