// Pictures brought to the size that a network takes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace gloce {

// Cubic interpolation with antialiasing (a = −1/2, Pillow's BICUBIC). Of
// float32 values in [0, 255], which stay in that range and are not rounded:
// what clean-fid does (G. Parmar et al., arXiv 2104.11222). Of uint8, each pass
// is rounded as Pillow rounds it, within 1.
//   pixels  (B, 3, H, W)
at::Tensor ResizeBicubic(const at::Tensor& pixels, int64_t height,
                         int64_t width);

// The shorter side brought to `resize`, then the middle of `crop` × `crop`, as
// torchvision and CLIP prepare pictures: uint8 (B, 3, H, W) to the same with
// both sides `crop`. REQUIRES: crop <= resize.
at::Tensor ResizeAndCrop(const at::Tensor& pixels, int64_t resize,
                         int64_t crop);

}  // namespace gloce
