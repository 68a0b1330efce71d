#include "gloce/erasure/gate_maps.h"

#include <ATen/ATen.h>

#include "testing.h"

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Two layers of 3 × 3 and 1 × 2 tokens, 2 steps, 2 pictures.
GateRecord Record() {
  GateRecord record;
  record.timesteps = {801, 781.5};
  at::Tensor first = at::zeros({2, 2, 9}, at::kShort);
  first[0][0][0] = 3;  // the third concept acts on the first token
  first[1][0][8] = 3;
  first[1][0][4] = 1;
  first[0][1][5] = 2;
  at::Tensor second = at::zeros({2, 2, 2}, at::kShort);
  second[1][0][1] = 1;
  record.layers = {{3, 3, first}, {1, 2, second}};
  return record;
}

GateMaps Maps(int64_t picture) {
  return MapsOfPicture(Record(), picture, {"a", "b", "c"}, {"x.y", "z"});
}

TEST(GateMapsTest, HoldTheConceptsThatOpened) {
  const GateMaps maps = Maps(0);
  EXPECT_THAT(maps.concepts, ElementsAre("a", "c"));
  ASSERT_EQ(maps.layers.size(), 2u);
  EXPECT_EQ(maps.layers[0].open.sizes(), at::IntArrayRef({2, 2, 9}));
  EXPECT_EQ(maps.layers[0].open.sum().item<int64_t>(), 3);
  EXPECT_TRUE(maps.layers[0].open[1][0][0].item<bool>());
  EXPECT_TRUE(maps.layers[0].open[1][1][8].item<bool>());
  EXPECT_TRUE(maps.layers[0].open[0][1][4].item<bool>());
  EXPECT_TRUE(maps.layers[1].open[0][1][1].item<bool>());
  EXPECT_THAT(Maps(1).concepts, ElementsAre("b"));
}

TEST(GateMapsTest, ComeBackFromTheirFile) {
  for (const int64_t picture : {0, 1}) {
    const GateMaps maps = Maps(picture);
    const std::string bytes = SerializeGateMaps(maps);
    EXPECT_EQ(bytes, SerializeGateMaps(maps));
    const GateMaps read = ParseGateMaps(bytes, "x.st");
    EXPECT_EQ(read.concepts, maps.concepts);
    EXPECT_EQ(read.timesteps, maps.timesteps);
    for (size_t l = 0; l < maps.layers.size(); ++l) {
      EXPECT_EQ(read.layers[l].path, maps.layers[l].path);
      EXPECT_EQ(read.layers[l].height, maps.layers[l].height);
      EXPECT_EQ(read.layers[l].width, maps.layers[l].width);
      EXPECT_TRUE(at::equal(read.layers[l].open, maps.layers[l].open));
    }
  }
}

TEST(GateMapsTest, PicturesWithoutOpenGatesHaveNone) {
  GateRecord record = Record();
  for (GateRecord::Layer& layer : record.layers) layer.acting.zero_();
  const GateMaps read = ParseGateMaps(
      SerializeGateMaps(MapsOfPicture(record, 0, {"a", "b", "c"}, {"x", "y"})),
      "x.st");
  EXPECT_TRUE(read.concepts.empty());
  EXPECT_EQ(read.timesteps.size(), 2u);
  EXPECT_EQ(read.layers[0].open.sizes(), at::IntArrayRef({0, 2, 9}));
}

// The first token is in the first byte's highest bit, as numpy.packbits has it.
TEST(GateMapsTest, TokensAreBits) {
  const std::string bytes = SerializeGateMaps(Maps(1));
  EXPECT_THAT(bytes, HasSubstr("\"shape\":[1,2,2]"));
  EXPECT_THAT(bytes, HasSubstr(std::string("\x04\x00\x00\x00", 4)));
}

TEST(GateMapsTest, MutatedFilesAreErrors) {
  const std::string whole = SerializeGateMaps(Maps(0));
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    try {
      ParseGateMaps(Mutated(whole, random), "x.st");
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::StartsWith("x.st"));
      EXPECT_THAT(error.what(), testing::Not(HasSubstr("\n")));
    }
  }
  EXPECT_FAILS(ParseGateMaps("", "x.st"), testing::StartsWith("x.st"));
}

}  // namespace
}  // namespace gloce
