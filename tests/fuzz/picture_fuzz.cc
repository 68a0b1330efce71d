// Whatever DecodePicture accepts has as many values as its size says, and can
// be made smaller and written as a JPEG that is read again.
#include <cstdlib>

#include "eval/thumbnail.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gloce::IgnoreErrors([&] {
    const gloce::RgbPicture picture =
        gloce::DecodePicture(gloce::AsString(data, size), "fuzz");
    const auto values = static_cast<size_t>(picture.width * picture.height * 3);
    if (picture.rgb.size() != values) std::abort();
    if (values > 100'000) return;  // enough was seen
    const gloce::RgbPicture small = gloce::Shrink(picture, 16);
    const gloce::RgbPicture again =
        gloce::DecodePicture(gloce::EncodeJpeg(small, 80), "written");
    if (again.rgb.size() != small.rgb.size()) std::abort();
  });
  return 0;
}
