#include "diffusion/vae.h"

#include <ATen/ATen.h>

#include "bundle/manifest.h"
#include "gloce/bundle/bundle.h"

namespace gloce {

Vae::Vae(const Bundle& bundle, const Placement& placement)
    : module_(bundle.LoadNetwork("vae_decoder")),
      scaling_factor_(bundle.manifest().latent.scaling_factor),
      shift_factor_(bundle.manifest().latent.shift_factor) {
  module_.CheckWeight("post_quant_conv.weight", 1,
                      bundle.manifest().latent.channels, "latent.channels");
  Placement decoder = placement;
  if (decoder.dtype == at::kHalf) decoder.dtype = at::kFloat;
  // Its maps are the largest there are: half of them would be copies.
  module_.Prepare(decoder, MapLayout::kChannelsLast);
}

at::Tensor Vae::Decode(const at::Tensor& latents) {
  at::Tensor scaled = latents / scaling_factor_;
  if (shift_factor_ != 0) scaled = scaled + shift_factor_;
  const at::Tensor sample = module_.Run({scaled}).to(at::kFloat);
  const at::Tensor unit = (sample * 0.5 + 0.5).clamp(0, 1);
  return (unit * 255)
      .round()
      .to(at::kByte)
      .permute({0, 2, 3, 1})
      .contiguous()
      .cpu();
}

}  // namespace gloce
