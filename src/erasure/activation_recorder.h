// What takes the activations that a build records.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>

#include "erasure/hooked_denoiser.h"

namespace gloce {

class ActivationRecorder {
 public:
  virtual ~ActivationRecorder() = default;

  // The next activations are those of this batch of the plan.
  virtual void BeginBatch(size_t batch) = 0;

  // Takes x (B, T, D), the conditional half of a layer's output in a call of
  // the window: row b belongs to pass b of the batch.
  virtual void Record(const at::Tensor& x, size_t layer,
                      const ForwardContext& context) = 0;
};

}  // namespace gloce
