// The text encoder of a bundle.
#pragma once

#include "bundle/torch_module.h"
#include "gloce/bundle/device.h"

namespace gloce {

class Bundle;

class TextEncoder {
 public:
  // Throws Error.
  TextEncoder(const Bundle& bundle, const Placement& placement);

  // The last hidden state after the final layer norm, without attention mask.
  //   input_ids  int64 (B, L) on the CPU
  // Returns (B, L, D) on the encoder's device. Throws Error if the network
  // gives another shape.
  at::Tensor Encode(const at::Tensor& input_ids);

 private:
  TorchModule module_;
  c10::Device device_;
  int64_t width_;
};

}  // namespace gloce
