// Makes a network that was traced on the CPU in one dtype run on another
// device, in another dtype.
#pragma once

#include <torch/script.h>

#include "gloce/bundle/device.h"

namespace gloce {

// A trace bakes in constants: device literals ("cpu" in an arange), weights of
// frozen parts, and dtype casts. This pass
//   - moves every tensor that the module holds; floating ones are cast, integer
//   ones keep their type
//     (an embedding's position ids must stay integers);
//   - rewrites every device literal of every function, nested blocks included;
//   - moves tensor constants of graphs, but keeps 0-dim ones on the CPU, where
//   traced shape
//     arithmetic reads them: on an accelerator each read would be a
//     synchronisation;
//   - gives factory calls without a device the new one;
//   - puts gloce::match_dtype before operators whose operands must agree in
//   dtype, so that deliberate
//     float32 islands (timestep embeddings, norms) stay float32 until they meet
//     a weight.
// Must be called before the module's first run. Throws c10::Error.
void Retarget(torch::jit::Module& module, const Placement& placement);

}  // namespace gloce
