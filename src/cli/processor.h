// What the host's processor computes fast.
#pragma once

#include <string>
#include <vector>

#include "gloce/bundle/device.h"

namespace gloce {

// The processor's instructions for bfloat16, by LibTorch's names; empty if it
// has none.
std::vector<std::string> Bfloat16Extensions();

// What a user should know who runs networks there with these instructions for
// bfloat16; "" if there is nothing to say.
std::string DtypeWarning(const Placement& placement,
                         const std::vector<std::string>& bfloat16_extensions);

// Warns of it, on this processor.
void WarnOfSlowDtype(const Placement& placement);

}  // namespace gloce
