// The update of single tokens on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include "erasure/gate_bank.h"

namespace gloce {

// What N concepts put in the place of tokens; float32, contiguous, on the CPU.
struct ConceptMaps {
  const at::Tensor& map_up;        // (N, R1, D) V_mapᵀ
  const at::Tensor& map_down;      // (N, R1, D) V_mapᵀ(I − V_tar V_tarᵀ)
  const at::Tensor& mapping_mean;  // (N, D) μ_map
  const at::Tensor& target_mean;   // (N, D) μ_tar
  const at::Tensor& eta;           // (N) η
  const at::Tensor& closed_logit;  // (N) see ClosedLogits
};

// The logit up to which a concept's gate counts as closed, (N) of eta (N). It
// is where strength·s·(1 + |η|) = 2⁻²⁵, half of float32's smallest relative
// spacing: x' rounds to x wherever the update and x are of one size. A strength
// below 1 counts as 1.
at::Tensor ClosedLogits(const at::Tensor& eta, double strength);

// x' = x + strength·s·(η·(μ_map + V_map V_mapᵀ(I − V_tar V_tarᵀ)(x − μ_tar)) −
// x) of every token whose gate is open at all, by the concept of its widest
// gate. One pass over the tokens: concepts' matrices are read where they lie,
// never gathered.
//   rows      (M, D) float32, contiguous
//   in_place  x' takes the place of x
// Returns x' (M, D): `rows` if in place or every gate is closed.
at::Tensor UpdateTokens(const at::Tensor& rows, const WidestGates& widest,
                        const ConceptMaps& maps, double strength,
                        bool in_place);

}  // namespace gloce
