// A network that takes pictures.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "bundle/evaluator_spec.h"
#include "bundle/torch_module.h"
#include "eval/rgb_picture.h"

namespace gloce {

class PictureNetwork {
 public:
  PictureNetwork(TorchModule module, const EvaluatorInput& input,
                 const Placement& placement);

  // Runs pictures of any sizes, each brought to the network's size. Returns
  // (B, K) float32 on the CPU. Throws Error if the network gives another shape
  // or values that are not finite.
  at::Tensor Run(const std::vector<RgbPicture>& pictures);

  const std::string& path() const { return module_.path(); }

 private:
  // Prepared pictures of one size.
  at::Tensor RunAlike(const std::vector<at::Tensor>& alike);

  TorchModule module_;
  EvaluatorInput input_;
  c10::Device device_;
};

// float32 (3, H, W) in [0, 1], as the network of `input` takes it.
at::Tensor PreparePicture(const RgbPicture& picture,
                          const EvaluatorInput& input);

}  // namespace gloce
