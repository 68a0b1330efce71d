// The decoder of a bundle's autoencoder.
#pragma once

#include "bundle/torch_module.h"
#include "gloce/bundle/device.h"

namespace gloce {

class Bundle;

class Vae {
 public:
  // Throws Error. A float16 placement runs the decoder in float32: some
  // fine-tunes' decoders overflow float16, and decoding is one pass a picture.
  Vae(const Bundle& bundle, const Placement& placement);

  // Latents to pixels.
  //   latents  (B, C, H, W), as the sampler leaves them
  // Returns uint8 (B, 8H, 8W, 3) on the CPU (8: vae_scale_factor), rounded half
  // to even as numpy does for diffusers.
  at::Tensor Decode(const at::Tensor& latents);

 private:
  TorchModule module_;
  double scaling_factor_, shift_factor_;
};

}  // namespace gloce
