// Rewrites a traced network for inference: the same function with less work a
// call.
#pragma once

#include <torch/script.h>

#include "bundle/torch_module.h"
#include "gloce/bundle/device.h"

namespace gloce {

// On every device, without changing a bit of the result:
//   - drops what does nothing: dropout of a network that does not train,
//   division by 1;
//   - lets SiLU overwrite its input where nobody else reads it.
// On the CPU, where it pays, weights of convolutions are put into oneDNN's
// blocked layout once rather than in every call. The packed weight takes the
// plain one's place in the module, so that memory does not grow. Sums are then
// added in another order. Where it does not pay, `layout` decides.
//
// Calls of submodules are inlined into `forward`. So it comes after what edits
// single modules, and before the first run. Throws c10::Error.
void OptimizeForInference(torch::jit::Module& module,
                          const Placement& placement,
                          MapLayout layout = MapLayout::kAsTraced);

}  // namespace gloce
