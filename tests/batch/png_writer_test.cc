#include "gloce/batch/png_writer.h"

#include "base/file.h"
#include "batch/png_pixels.h"
#include "batch/png_reader.h"
#include "testing.h"

namespace gloce {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The picture of tests/data/png/make_golden.py.
std::vector<uint8_t> GoldenPixels() {
  std::vector<uint8_t> rgb;
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 5; ++x) {
      rgb.push_back(static_cast<uint8_t>(50 * x));
      rgb.push_back(static_cast<uint8_t>(80 * y));
      rgb.push_back(static_cast<uint8_t>((x * 37 + y * 101) % 256));
    }
  }
  return rgb;
}

TEST(PngWriterTest, PixelsAndTextsAreThoseThatPillowWrites) {
  for (const std::string name : {"latin1.png", "unicode.png"}) {
    const std::string golden = ReadFile(GLOCE_TEST_DATA "/png/" + name);
    const PngInfo info = ReadPng(golden, name);
    const std::vector<uint8_t> rgb = GoldenPixels();
    ASSERT_EQ(Pixels(golden), rgb);
    const std::string png = EncodePng(rgb.data(), 5, 3, info.text);
    EXPECT_EQ(Pixels(png), rgb);
    // Everything but the compressed pixels is equal to the byte.
    const auto ours = Chunks(png), theirs = Chunks(golden);
    ASSERT_EQ(ours.size(), theirs.size());
    for (size_t i = 0; i < ours.size(); ++i) {
      EXPECT_EQ(ours[i].type, theirs[i].type);
      if (ours[i].type == "IDAT") continue;
      EXPECT_EQ(ours[i].data, theirs[i].data);
    }
  }
}

TEST(PngWriterTest, RandomPicturesSurvive) {
  std::mt19937 random(3);
  for (const auto& [width, height] :
       {std::pair(1, 1), std::pair(7, 1), std::pair(1, 9), std::pair(64, 64),
        std::pair(33, 17)}) {
    std::vector<uint8_t> rgb(static_cast<size_t>(3 * width * height));
    for (auto& value : rgb) value = static_cast<uint8_t>(random());
    const std::string png = EncodePng(rgb.data(), width, height, {});
    const PngInfo info = ReadPng(png, "p.png");
    EXPECT_EQ(info.width, width);
    EXPECT_EQ(info.height, height);
    EXPECT_TRUE(info.text.empty());
    EXPECT_EQ(Pixels(png), rgb);
    EXPECT_EQ(EncodePng(rgb.data(), width, height, {}), png);
  }
}

TEST(PngWriterTest, TextsSurvive) {
  const std::vector<uint8_t> rgb(12);
  const std::vector<std::pair<std::string, std::string>> text = {
      {"parameters", "a \U0001F98A"}, {"Comment", ""}, {"Title", "\u00FF\n"}};
  const std::string png = EncodePng(rgb.data(), 2, 2, text);
  EXPECT_EQ(ReadPng(png, "p.png").text, text);
  std::vector<std::string> types;
  for (const ChunkOfFile& chunk : Chunks(png)) types.push_back(chunk.type);
  EXPECT_THAT(types,
              ElementsAre("IHDR", "iTXt", "tEXt", "tEXt", "IDAT", "IEND"));
}

TEST(PngWriterTest, RefusesWhatPngCannotHold) {
  const std::vector<uint8_t> rgb(3);
  const auto encode = [&](int width, int height, const std::string& keyword,
                          const std::string& value) {
    return EncodePng(rgb.data(), width, height, {{keyword, value}});
  };
  EXPECT_FAILS(encode(0, 1, "k", "v"), HasSubstr("PNG of 0x1"));
  EXPECT_FAILS(encode(1, 16385, "k", "v"), HasSubstr("from 1 to 16384"));
  EXPECT_FAILS(encode(1, 1, "", "v"), HasSubstr("1 to 79"));
  EXPECT_FAILS(encode(1, 1, std::string(80, 'k'), "v"), HasSubstr("1 to 79"));
  EXPECT_FAILS(encode(1, 1, "k\u00E4", "v"), HasSubstr("printable ASCII"));
  EXPECT_FAILS(encode(1, 1, "k", std::string(1, '\0')), HasSubstr("NUL"));
  EXPECT_FAILS(encode(1, 1, "k", "\xFF"), HasSubstr("not valid UTF-8"));
}

}  // namespace
}  // namespace gloce
