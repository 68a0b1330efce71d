// The U-Net of a bundle as a Denoiser.
#pragma once

#include <functional>

#include "bundle/torch_module.h"
#include "gloce/bundle/device.h"
#include "gloce/diffusion/denoiser.h"

namespace gloce {

class Bundle;

class Unet final : public Denoiser {
 public:
  // Loads the network and moves it to `placement`. `edit` changes the graph
  // before that, while it still can be changed. Throws Error.
  Unet(const Bundle& bundle, const Placement& placement,
       const std::function<void(TorchModule&)>& edit = {});

  at::Tensor Predict(const at::Tensor& latents, double timestep,
                     const Conditioning& conditioning) override;

 private:
  TorchModule module_;
  int64_t channels_, max_length_, width_;
};

}  // namespace gloce
