#include "gloce/erasure/eraser_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/file.h"
#include "base/sha256.h"
#include "bundle/safetensors.h"
#include "erasure/sample_erasers.h"
#include "gloce/base/error.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

const std::vector<HookPoint> kHooks = {{"a.attn2.to_out.0", 8, ""},
                                       {"b.attn2.to_out.0", 6, ""}};

Erasers TwoConcepts() {
  return MergeErasers({SampleErasers("cat", kHooks, "model", 1, 1),
                       SampleErasers("fox", kHooks, "model", 2, 2)});
}

// Writes a file whose metadata or tensors were changed, and reads it.
std::string MessageFor(
    const std::function<void(std::vector<SafetensorsEntry>&,
                             std::map<std::string, std::string>&)>& change) {
  const TemporaryFolder folder;
  const std::string path = folder / "e.safetensors";
  const SafetensorsFile file =
      SafetensorsFile::Parse(SerializeErasers(TwoConcepts()), "e");
  auto entries = file.entries();
  auto metadata = file.metadata();
  change(entries, metadata);
  WriteFileAtomically(path, SerializeSafetensors(entries, metadata));
  try {
    ReadErasers(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(EraserFileTest, RoundTripIsExact) {
  const TemporaryFolder folder;
  const Erasers erasers = TwoConcepts();
  WriteErasers(folder / "e.safetensors", erasers);
  const Erasers back = ReadErasers(folder / "e.safetensors");
  EXPECT_EQ(SerializeErasers(back), SerializeErasers(erasers));
  EXPECT_EQ(ErasersHash(back), ErasersHash(erasers));
  EXPECT_EQ(back.concepts[1].settings, erasers.concepts[1].settings);
  EXPECT_TRUE(back.layers[1].map_down.equal(erasers.layers[1].map_down));
}

TEST(EraserFileTest, WhatTheFitSawComesBackToSixDecimals) {
  Erasers erasers = TwoConcepts();
  for (size_t l = 0; l < erasers.layers.size(); ++l) {
    const double x = static_cast<double>(l);
    erasers.concepts[1].facts.push_back(
        {0.1234567 + x, 0.25, 0.5, 0.75, 1 / (3 + x)});
  }
  const Erasers back = ParseErasers(SerializeErasers(erasers), "e");
  EXPECT_TRUE(back.concepts[0].facts.empty());
  ASSERT_EQ(back.concepts[1].facts.size(), erasers.layers.size());
  for (size_t l = 0; l < erasers.layers.size(); ++l) {
    const LayerFacts &got = back.concepts[1].facts[l],
                     &set = erasers.concepts[1].facts[l];
    EXPECT_NEAR(got.anchor_mean, set.anchor_mean, 5e-7);
    EXPECT_EQ(got.anchor_std, 0.25);
    EXPECT_EQ(got.target_score, 0.5);
    EXPECT_EQ(got.explained_map, 0.75);
    EXPECT_NEAR(got.explained_target, set.explained_target, 5e-7);
  }
}

// A half type rounds each value once, to the nearest; thresholds and slopes
// stay as they are.
TEST(EraserFileTest, HalfTypesRoundMatricesAndMeansOnce) {
  const TemporaryFolder folder;
  for (const at::ScalarType type : {at::kHalf, at::kBFloat16}) {
    Erasers erasers = TwoConcepts();
    erasers.stored_dtype = type;
    WriteErasers(folder / "e", erasers);
    EXPECT_EQ(ErasersHash(erasers), Sha256(ReadFile(folder / "e")));
    const Erasers back = ReadErasers(folder / "e");
    EXPECT_EQ(back.stored_dtype, type);
    EXPECT_EQ(SerializeErasers(back), ReadFile(folder / "e"));
    const LayerErasers& got = back.layers[1];
    const LayerErasers& given = erasers.layers[1];
    EXPECT_TRUE(got.map_up.equal(given.map_up.to(type).to(at::kFloat)));
    EXPECT_FALSE(got.map_up.equal(given.map_up));
    EXPECT_TRUE(got.gate_center.equal(given.gate_center));
    EXPECT_TRUE(got.gate_slope.equal(given.gate_slope));
    EXPECT_EQ(SelectConcepts(back, {"fox"}).stored_dtype, type);
  }
}

// (2·r1 + r3 + 3)·ΣD values and 32 scalars: 0.3995 MB, half in a half type.
TEST(EraserFileTest, AConceptOfStableDiffusionsSizeTakesWhatTheCostModelSays) {
  std::vector<HookPoint> hooks;
  for (const int64_t width : {320, 640, 1280, 1280, 1280}) {
    for (int i = 0; i < (width == 1280 ? 2 : 5); ++i)
      hooks.push_back({std::to_string(hooks.size()), width, ""});
  }
  ASSERT_EQ(hooks.size(), 16);
  Erasers erasers = SampleErasers("cat", hooks, "model", 1, 1);
  for (const auto& [type, size] : {std::pair(at::kFloat, 399'488),
                                   {at::kHalf, 199'808},
                                   {at::kBFloat16, 199'808}}) {
    erasers.stored_dtype = type;
    const std::string bytes = SerializeErasers(erasers);
    uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof(header));
    EXPECT_EQ(bytes.size() - sizeof(header) - header, size);
  }
}

TEST(EraserFileTest, JoiningKeepsTheStoredTypeOrLosesNothing) {
  Erasers cat = SampleErasers("cat", kHooks, "model", 1, 1);
  Erasers fox = SampleErasers("fox", kHooks, "model", 1, 2);
  const auto joined = [&](at::ScalarType a, at::ScalarType b) {
    cat.stored_dtype = a;
    fox.stored_dtype = b;
    return MergeErasers({cat, fox}).stored_dtype;
  };
  EXPECT_EQ(joined(at::kHalf, at::kHalf), at::kHalf);
  EXPECT_EQ(joined(at::kHalf, at::kBFloat16), at::kFloat);
  EXPECT_EQ(joined(at::kFloat, at::kHalf), at::kFloat);
}

TEST(EraserFileTest, TypesThatDoNotFitAreNamed) {
  const auto relabel = [](const std::string& name, const std::string& dtype) {
    return MessageFor([&](auto& entries, auto&) {
      for (SafetensorsEntry& entry : entries) {
        if (entry.name == name) entry.dtype = dtype;
      }
    });
  };
  EXPECT_THAT(relabel("a.attn2.to_out.0.map_up", "I32"),
              testing::HasSubstr("got I32, expected F32, F16 or BF16"));
  EXPECT_THAT(relabel("b.attn2.to_out.0.map_up", "I32"),
              testing::HasSubstr("b.attn2.to_out.0.map_up: got I32 (2,6,2,), "
                                 "expected F32"));
  EXPECT_THAT(relabel("b.attn2.to_out.0.gate_slope", "I32"),
              testing::HasSubstr("gate_slope: got I32 (2,), expected F32"));

  Erasers large = TwoConcepts();
  large.layers[0].target_mean.fill_(1e5);
  large.stored_dtype = at::kBFloat16;
  EXPECT_NO_THROW(SerializeErasers(large));
  large.stored_dtype = at::kHalf;  // up to 65,504
  EXPECT_THROW(SerializeErasers(large), Error);
}

TEST(EraserFileTest, AShardSaysSo) {
  const TemporaryFolder folder;
  Erasers erasers = TwoConcepts();
  erasers.shard = {2, 3, "a list"};
  WriteErasers(folder / "e.safetensors", erasers);
  EXPECT_EQ(ReadErasers(folder / "e.safetensors").shard, erasers.shard);
  EXPECT_THAT(MessageFor([](auto&, auto& m) {
                m["shard"] =
                    R"({"shard": 4, "num_shards": 3, "list_hash": "a"})";
              }),
              testing::HasSubstr("shard: got 4 of 3"));
}

TEST(EraserFileTest, OtherFilesAreRefused) {
  EXPECT_THAT(MessageFor([](auto&, auto& m) { m.erase("format"); }),
              testing::HasSubstr("no erasers file"));
  EXPECT_THAT(MessageFor([](auto&, auto& m) { m["version"] = "9"; }),
              testing::HasSubstr("version: got 9"));
  EXPECT_THAT(MessageFor([](auto&, auto& m) { m["concepts"] = "[{}]"; }),
              testing::HasSubstr("concepts[0]"));
  EXPECT_THAT(MessageFor([](auto&, auto& m) { m["concepts"] = "[1"; }),
              testing::HasSubstr("not valid JSON"));
}

TEST(EraserFileTest, MissingSuperfluousAndMisshapenTensorsAreNamed) {
  EXPECT_THAT(MessageFor([](auto& e, auto&) { e.erase(e.begin()); }),
              testing::HasSubstr("a.attn2.to_out.0"));
  EXPECT_THAT(MessageFor([](auto& e, auto&) { e[0].name = "x"; }),
              testing::HasSubstr("is missing"));
  EXPECT_THAT(MessageFor([](auto& e, auto&) {
                auto extra = e[0];
                extra.name = "extra";
                e.push_back(extra);
              }),
              testing::HasSubstr("unknown tensor extra"));
  EXPECT_THAT(MessageFor([](auto& e, auto&) {
                e[0].shape.insert(e[0].shape.begin(), 1);
              }),
              testing::HasSubstr("expected F32"));
}

}  // namespace
}  // namespace gloce
