// Which activations of a batch gates are scored on.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "erasure/fit_plan.h"

namespace gloce {

// Rows of a batch, from 0, that are anchors of a concept. The whole list
// decides them: a matrix product's last bits depend on its shape, so a shard
// that scores some of the gates takes the rows of all.
std::vector<int64_t> AnchorRows(const FitPlan& plan, size_t batch);

// Rows of x (B, …), ascending; without a copy if they are neighbours. No index
// goes to the device.
at::Tensor SelectRows(const at::Tensor& x, const std::vector<int64_t>& rows);

}  // namespace gloce
