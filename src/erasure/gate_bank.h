// The gates of N concepts at one hook point, evaluated together.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "erasure/shifted_gates.h"
#include "gloce/bundle/device.h"

namespace gloce {

// For each of M tokens the gate that is open widest.
struct WidestGates {
  at::Tensor logit;  // (M) float32, k(p − c); −∞ if every concept waits
  at::Tensor concepts;  // (M) int64; of equal ones the first
};

// Tokens as the gates with one surrogate see them.
struct CentredRows {
  at::Tensor values;  // (M, D) float32, x − μ_sur
  at::Tensor norm;    // (M, 1) float32, ‖x − μ_sur‖², above 0
};

// Centres rows (M, D) float32 on mean (D).
CentredRows CentreRows(const at::Tensor& rows, const at::Tensor& mean);

// p(x) = ‖V_gateᵀ(x − μ_sur)‖² / ‖x − μ_sur‖² of M tokens and n gates with one
// surrogate, (M, n); a token that equals the surrogate's mean has p = 0. Never
// in TF32, of which the slope k ≈ 1838 would amplify every rounding.
//   basis  (D, n·rank), the gates' bases side by side
at::Tensor GateProjections(const CentredRows& rows, const at::Tensor& basis,
                           int64_t rank);

class GateBank {
 public:
  // Takes gate_basis (N, D, R3) and surrogate_mean (N, D).
  GateBank(const at::Tensor& gate_basis, const at::Tensor& surrogate_mean,
           c10::Device device);

  // p(x) = ‖V_gateᵀ(x − μ_sur)‖² / ‖x − μ_sur‖² of every token and concept
  // (GLoCE, gate; docs/erasure.md).
  //   rows  (M, D) float32
  // Returns (M, N) float32 in [0, 1]. A token that equals μ_sur has p = 0.
  // Memory is O(M·(D + N·R3 + G)) for G different μ_sur: the tokens are centred
  // once, on the one μ_sur or, if there are several, between them
  // (ShiftedGates).
  at::Tensor Projections(const at::Tensor& rows) const;

  // The largest logit k(p(x) − c) of every token, and whose it is. Tokens are
  // taken in blocks, so that memory beyond O(M) does not grow with them.
  //   rows     (M, D) float32 or a half type
  //   slope    (N) k
  //   center   (N) c
  //   waiting  (N) bool, concepts that do not act yet; undefined if all act
  WidestGates Widest(const at::Tensor& rows, const at::Tensor& slope,
                     const at::Tensor& center, const at::Tensor& waiting) const;

 private:
  // Bytes that a token takes while it is scored, at most, a copy in float32
  // included.
  int64_t BytesPerToken() const;

  int64_t rank_;                         // R3
  at::Tensor mean_;                      // (D), if all concepts share μ_sur
  at::Tensor basis_;                     // (D, N·R3)
  std::optional<ShiftedGates> shifted_;  // otherwise
};

}  // namespace gloce
