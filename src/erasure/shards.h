// Shards of a concept list, joined again.
#pragma once

#include <cstddef>
#include <vector>

#include "gloce/erasure/eraser.h"

namespace gloce {

// Indices of `inputs` in the order in which they are to be joined: as given,
// except that the shards of a list stand together, in the list's order, where
// the first of them stood. Throws Error naming shards that are missing or given
// twice.
std::vector<size_t> OrderOfJoining(const std::vector<Erasers>& inputs);

}  // namespace gloce
