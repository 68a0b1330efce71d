// Puts the hook operator into a traced network.
#pragma once

#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "bundle/torch_module.h"
#include "erasure/ops.h"

namespace gloce {

// Inserts gloce::hook(output, slot, i) before the return of every method
// (forward, forward1, … of a module that is called more than once in the trace)
// of hook point i. Must precede the network's first run: the executor ignores
// later edits. Throws Error, with advice, if a hook point is missing (a frozen
// file has lost its hierarchy), its width differs, or its methods are shared
// with other layers (a scripted network).
void InsertHooks(TorchModule& network, const std::vector<HookPoint>& hooks,
                 const HookSlot& slot);

}  // namespace gloce
