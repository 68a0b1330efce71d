// Gates of concepts with different surrogates, scored around one centre.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "gloce/bundle/device.h"

namespace gloce {

// With c the mean of the G surrogates' means, x' = x − c and m = μ_sur − c,
//   V_gateᵀ(x − μ_sur) = V_gateᵀx' − V_gateᵀm
//   ‖x − μ_sur‖²       = ‖x'‖² − 2x'ᵀm + ‖m‖²
// so that the tokens are centred once and one matrix product serves all
// concepts. Where x is near μ_sur the second line cancels. The CPU computes
// such pairs of token and surrogate by the definition; an accelerator, where
// finding them would synchronise, computes everything in float64: slow where a
// device computes that at a fraction of float32's rate, 4·N·D operations a
// token.
class ShiftedGates {
 public:
  // gate_basis (N, D, R3); means (G, D) float32 on the CPU, the different
  // surrogates' means; group_of[n] is the row of concept n's.
  ShiftedGates(const at::Tensor& gate_basis, const at::Tensor& means,
               const std::vector<int64_t>& group_of, c10::Device device);

  // p (M, N) float32 of rows (M, D) float32; see GateBank::Projections.
  at::Tensor Projections(const at::Tensor& rows) const;

  // Bytes that a token takes while it is scored, at most, a copy of it in
  // float32 included.
  int64_t BytesPerToken() const;

 private:
  // Computes the pairs for which the expansion cancels by the definition.
  //   size    (M) ‖x'‖²
  //   norm    (M, G) ‖x − μ_sur‖², expanded
  //   energy  (M, N) ‖V_gateᵀ(x − μ_sur)‖²
  void MendNearPairs(const at::Tensor& rows, const at::Tensor& size,
                     at::Tensor& norm, at::Tensor& energy) const;

  int64_t rank_, num_concepts_;  // R3, N
  at::Tensor centre_;            // (D) c
  at::Tensor directions_;        // (N·R3 + G, D): V_gateᵀ of all, then −2m
  at::Tensor offset_;            // (N·R3) V_gateᵀm
  at::Tensor shift_;             // (G) ‖m‖²
  at::Tensor group_;             // (N) row of means; undefined if it is n
  at::Tensor means_;             // (G, D) μ_sur; on the CPU only
  std::vector<std::vector<int64_t>> members_;  // concepts of each mean
};

}  // namespace gloce
