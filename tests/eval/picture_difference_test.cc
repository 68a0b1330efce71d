#include "eval/picture_difference.h"

#include "testing.h"

namespace gloce {
namespace {

using testing::HasSubstr;

RgbPicture Flat(int64_t width, int64_t height, uint8_t value) {
  return {width, height,
          std::vector<uint8_t>(static_cast<size_t>(width * height * 3), value)};
}

TEST(PictureDifferenceTest, CountsPixelsOfWhichAChannelChangesVisibly) {
  const RgbPicture before = Flat(4, 2, 100);
  RgbPicture after = before;
  after.rgb[0] = 109;  // by 9: changed
  after.rgb[5] = 92;   // by 8: not
  after.rgb[21] = 0;   // the last pixel
  after.rgb[22] = 255;
  const PictureDifference difference = Compare(before, after);
  EXPECT_EQ(difference.changed, 2.0 / 8);
  EXPECT_DOUBLE_EQ(difference.mean, (9 + 8 + 100 + 155) / (24 * 255.0));
  EXPECT_EQ(difference.changed_inside, std::nullopt);
}

TEST(PictureDifferenceTest, TellsInsideFromOutside) {
  const RgbPicture before = Flat(8, 4, 0);
  RgbPicture after = before;
  for (size_t pixel : {0, 1, 8, 31}) after.rgb[3 * pixel] = 255;
  // The upper left quarter, of a region of 2 × 2.
  const Region region{2, 2, {true, false, false, false}};
  const PictureDifference difference = Compare(before, after, &region);
  EXPECT_EQ(difference.changed_inside, 3.0 / 8);
  EXPECT_EQ(difference.changed_outside, 1.0 / 24);
  const Region all{1, 1, {true}};
  EXPECT_EQ(Compare(before, after, &all).changed_outside, std::nullopt);
}

TEST(PictureDifferenceTest, RefusesOtherSizes) {
  EXPECT_FAILS(Compare(Flat(2, 2, 0), Flat(2, 3, 0)),
               HasSubstr("2 × 2 and 2 × 3"));
}

}  // namespace
}  // namespace gloce
