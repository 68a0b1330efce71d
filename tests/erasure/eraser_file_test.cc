#include "gloce/erasure/eraser_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
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
