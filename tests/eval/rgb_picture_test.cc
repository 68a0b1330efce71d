// What Pillow reads is compared in tests/scripts/eval_reference_test.py.
#include "eval/rgb_picture.h"

#include <cstdlib>
#include <fstream>

#include "eval/thumbnail.h"
#include "gloce/batch/png_writer.h"
#include "testing.h"

namespace gloce {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

RgbPicture Gradient(int64_t width, int64_t height) {
  RgbPicture picture{width, height, {}};
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      picture.rgb.push_back(static_cast<uint8_t>(255 * x / width));
      picture.rgb.push_back(static_cast<uint8_t>(255 * y / height));
      picture.rgb.push_back(128);
    }
  }
  return picture;
}

std::string PngOf(const RgbPicture& picture) {
  return EncodePng(picture.rgb.data(), static_cast<int>(picture.width),
                   static_cast<int>(picture.height), {});
}

TEST(RgbPictureTest, PngsComeBackToTheBit) {
  const RgbPicture picture = Gradient(37, 23);
  const RgbPicture read = DecodePicture(PngOf(picture), "a.png");
  EXPECT_EQ(read.width, 37);
  EXPECT_EQ(read.height, 23);
  EXPECT_EQ(read.rgb, picture.rgb);
}

TEST(RgbPictureTest, JpegsComeBackNearly) {
  const RgbPicture picture = Gradient(64, 48);
  const RgbPicture read = DecodePicture(EncodeJpeg(picture, 95), "a.jpg");
  ASSERT_EQ(read.rgb.size(), picture.rgb.size());
  int largest = 0;
  for (size_t i = 0; i < read.rgb.size(); ++i)
    largest = std::max(largest, std::abs(read.rgb[i] - picture.rgb[i]));
  EXPECT_LE(largest, 6);
}

TEST(RgbPictureTest, EveryCutIsAnError) {
  const RgbPicture picture = Gradient(16, 16);
  for (const std::string& whole : {PngOf(picture), EncodeJpeg(picture, 90)}) {
    for (size_t size = 0; size + 2 < whole.size(); size += 7) {
      EXPECT_FAILS(DecodePicture(whole.substr(0, size), "x"),
                   StartsWith("x: is n"));
    }
  }
}

// KiB of addresses that this process had at most.
int64_t PeakAddresses() {
  std::ifstream status("/proc/self/status");
  for (std::string key; status >> key;) {
    int64_t size = 0;
    if (key == "VmPeak:" && status >> size) return size;
  }
  return 0;
}

// Found by picture_fuzz: a text that claimed 2 GB got them before it was read.
TEST(RgbPictureTest, AChunkGetsNoRoomForWhatItClaims) {
  std::string png = PngOf(Gradient(5, 3));
  png.insert(33, std::string("\x74\x65\x78\x74tEXt", 8));  // behind IHDR
  const int64_t before = PeakAddresses();
  EXPECT_FAILS(DecodePicture(png, "a.png"),
               StartsWith("a.png: is no whole PNG"));
  EXPECT_GT(before, 0);
  EXPECT_LT(PeakAddresses() - before, 100 << 10);
}

TEST(RgbPictureTest, MutatedFilesNeverCrash) {
  std::mt19937 random(1);
  const RgbPicture picture = Gradient(24, 16);
  for (const std::string& whole : {PngOf(picture), EncodeJpeg(picture, 90)}) {
    for (int i = 0; i < 500; ++i) {
      try {
        const RgbPicture read = DecodePicture(Mutated(whole, random), "x");
        EXPECT_EQ(read.rgb.size(),
                  static_cast<size_t>(read.width * read.height * 3));
      } catch (const Error& error) {
        EXPECT_THAT(error.what(),
                    AllOf(StartsWith("x: "), testing::Not(HasSubstr("\n"))));
      }
    }
  }
}

TEST(ThumbnailTest, LongerSidesShrinkInProportion) {
  const RgbPicture wide = Shrink(Gradient(400, 100), 192);
  EXPECT_EQ(wide.width, 192);
  EXPECT_EQ(wide.height, 48);
  EXPECT_EQ(wide.rgb.size(), 192u * 48 * 3);
  const RgbPicture small = Gradient(64, 64);
  EXPECT_EQ(Shrink(small, 192).rgb, small.rgb);
  EXPECT_EQ(Shrink(Gradient(1000, 1), 100).height, 1);
}

TEST(ThumbnailTest, Base64IsThatOfRfc4648) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(DataUri("image/jpeg", "f"), "data:image/jpeg;base64,Zg==");
}

}  // namespace
}  // namespace gloce
