// From moments to an eraser's matrices, at one hook point. Pure linear algebra
// in float64.
#pragma once

#include <ATen/core/Tensor.h>

#include "erasure/moments.h"

namespace gloce {

// What a mapping set gives: μ_map and V_map (D, r1).
struct MappingBasis {
  at::Tensor mean, vectors;
};

// What a target set and a surrogate's mean give: μ_tar, V_tar (D, r2) and
// V_gate (D, r3).
struct TargetBasis {
  at::Tensor mean, vectors, gate_basis;
};

MappingBasis FitMapping(const Moments& mapping, int64_t rank_map);

// V_gate: top eigenvectors of Σ_tar + (μ_tar − μ_sur)(μ_tar − μ_sur)ᵀ (GLoCE,
// gate; docs/erasure.md).
TargetBasis FitTarget(const Moments& target, const at::Tensor& surrogate_mean,
                      int64_t rank_target, int64_t rank_gate);

// V_mapᵀ(I − V_tar V_tarᵀ), (r1, D).
at::Tensor MapDown(const at::Tensor& map_vectors,
                   const at::Tensor& target_vectors);

}  // namespace gloce
