// Pictures brought to the size that a network takes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "eval/rgb_picture.h"

namespace gloce {

// Cubic interpolation with antialiasing (a = −1/2, Pillow's BICUBIC), one value
// a channel, not rounded but kept in [0, 255]: what clean-fid does (G. Parmar
// et al., arXiv 2104.11222).
//   pixels  (B, 3, H, W) float32 in [0, 255]
at::Tensor ResizeBicubic(const at::Tensor& pixels, int64_t height,
                         int64_t width);

// The same to the bit as Pillow resizes pictures of 8 bits: along rows, then
// along columns, each rounded, in fixed point with 22 bits.
RgbPicture ResizeAsPillow(const RgbPicture& picture, int64_t height,
                          int64_t width);

// The shorter side brought to `resize` by ResizeAsPillow, then the middle of
// `crop` × `crop`, as CLIP and torchvision prepare pictures. Where the rest is
// odd, transformers begins a pixel before the middle (`floors`), torchvision at
// an even one. REQUIRES: crop <= resize.
RgbPicture ResizeAndCrop(const RgbPicture& picture, int64_t resize,
                         int64_t crop, bool floors);

}  // namespace gloce
