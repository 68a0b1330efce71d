#include "diffusion/unet.h"

#include <ATen/ATen.h>

#include <sstream>

#include "bundle/manifest.h"
#include "gloce/base/error.h"
#include "gloce/bundle/bundle.h"

namespace gloce {
namespace {

std::string ShapeText(at::IntArrayRef sizes) {
  std::ostringstream text;
  text << sizes;
  return text.str();
}

}  // namespace

Unet::Unet(const Bundle& bundle, const Placement& placement,
           const std::function<void(TorchModule&)>& edit)
    : module_(bundle.LoadNetwork("unet")),
      channels_(bundle.manifest().latent.channels),
      max_length_(bundle.manifest().text.max_length),
      width_(bundle.manifest().text.width) {
  module_.CheckWeight("conv_in.weight", 1, channels_, "latent.channels");
  module_.CheckWeight("attn2.to_k.weight", 1, width_, "text.width");
  if (edit) edit(module_);
  module_.Prepare(placement);
}

at::Tensor Unet::Predict(const at::Tensor& latents, double timestep,
                         const Conditioning& conditioning) {
  const at::Tensor& states = conditioning.encoder_hidden_states;
  if (latents.dim() != 4 || latents.size(1) != channels_) {
    throw Error(module_.path() + ": latents: got " +
                ShapeText(latents.sizes()) + ", expected (B, " +
                std::to_string(channels_) + ", H, W)");
  }
  if (states.dim() != 3 || states.size(0) != latents.size(0) ||
      states.size(1) != max_length_ || states.size(2) != width_) {
    throw Error(module_.path() + ": encoder_hidden_states: got " +
                ShapeText(states.sizes()) + ", expected (" +
                std::to_string(latents.size(0)) + ", " +
                std::to_string(max_length_) + ", " + std::to_string(width_) +
                ")");
  }
  // float32, not the network's dtype: bfloat16 has no 501. Fractional timesteps
  // stay exact.
  const at::Tensor timesteps = at::full({latents.size(0)}, timestep,
                                        latents.options().dtype(at::kFloat));
  at::Tensor output = module_.Run({latents, timesteps, states});
  if (output.sizes() != latents.sizes()) {
    throw Error(module_.path() + ": output: got " + ShapeText(output.sizes()) +
                ", expected " + ShapeText(latents.sizes()));
  }
  return output;
}

}  // namespace gloce
