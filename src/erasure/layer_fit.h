// From moments to an eraser's matrices, at one hook point. Pure linear algebra
// in float64.
#pragma once

#include <ATen/core/Tensor.h>

#include "erasure/moments.h"

namespace gloce {

// What a mapping set gives: μ_map and V_map (D, r1).
struct MappingBasis {
  at::Tensor mean, vectors;
  double explained = 0;  // share of the variance in V_map
};

// What a target set and a surrogate's mean give: μ_tar, V_tar (D, r2) and
// V_gate (D, r3).
struct TargetBasis {
  at::Tensor mean, vectors, gate_basis;
  double explained = 0;  // share of the variance in V_tar
  // Share of Σ_tar + (μ_tar − μ_sur)(μ_tar − μ_sur)ᵀ in V_gate, which is p of
  // the target's tokens, weighted by ‖x − μ_sur‖².
  double gate_score = 0;
};

// tr(VᵀCV) / tr(C), of orthonormal columns V (D, r) and symmetric positive
// semi-definite C (D, D), in float64: in [0, 1] up to rounding; 0 of C = 0.
double ExplainedShare(const at::Tensor& matrix, const at::Tensor& vectors);

MappingBasis FitMapping(const Moments& mapping, int64_t rank_map);

// V_gate: top eigenvectors of Σ_tar + (μ_tar − μ_sur)(μ_tar − μ_sur)ᵀ (GLoCE,
// gate; docs/erasure.md).
TargetBasis FitTarget(const Moments& target, const at::Tensor& surrogate_mean,
                      int64_t rank_target, int64_t rank_gate);

// V_mapᵀ(I − V_tar V_tarᵀ), (r1, D).
at::Tensor MapDown(const at::Tensor& map_vectors,
                   const at::Tensor& target_vectors);

}  // namespace gloce
