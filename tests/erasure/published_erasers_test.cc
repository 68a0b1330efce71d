// Erasers to published checkpoints and back.
#include "erasure/published_erasers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "erasure/layer_tensors.h"
#include "erasure/published_checkpoint.h"
#include "erasure/three_concepts.h"
#include "error_text.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {
namespace {

using testing::HasSubstr;

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

TEST(PublishedErasersTest, RoundTripKeepsEveryTensorBitForBit) {
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

TEST(PublishedErasersTest, FilesOfDifferentRanksArePadded) {
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

TEST(PublishedErasersTest, ArgumentsSayWhatNoFileHolds) {
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

TEST(PublishedErasersTest, WhatThePublishedProgramCannotBeToldIsAnError) {
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
