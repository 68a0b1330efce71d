// What a network may compute with.
#pragma once

#include <string_view>

namespace gloce {

// Whether a network's graph may contain operators of this kind ("aten::add"):
// arithmetic on tensors, in place or not, and what holds a graph together.
// Nothing that touches a file, a device's settings or the process, prints,
// starts threads, or looks at memory without a check of its bounds.
bool IsAllowedOperator(std::string_view kind);

}  // namespace gloce
