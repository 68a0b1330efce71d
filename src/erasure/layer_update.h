// N erasers at one hook point, ready to be applied.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "erasure/gate_bank.h"
#include "gloce/bundle/device.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

class LayerUpdate {
 public:
  // Copies the erasers to `device` in float32.
  LayerUpdate(const LayerErasers& layer,
              const std::vector<ConceptInfo>& concepts, double strength,
              c10::Device device);

  // The widest gate of each token; see GateBank::Widest.
  //   rows     (M, D) float32 or a half type, contiguous
  //   waiting  (N) bool; undefined if all concepts act
  WidestGates Widest(const at::Tensor& rows, const at::Tensor& waiting) const {
    return gates_.Widest(rows, gate_slope_, gate_center_, waiting);
  }

  // x' of rows (M, D), alike in shape and type, each by the concept of its
  // widest gate (docs/erasure.md, output). On the CPU closed gates cost
  // nothing, and float32 `rows` themselves come back if all are closed.
  // Elsewhere every token is computed: counting the open gates would
  // synchronise. Memory beyond rows and x' does not grow with M.
  //   in_place  x' takes the place of x, and `rows` come back
  at::Tensor Apply(const at::Tensor& rows, const WidestGates& widest,
                   bool in_place) const;

 private:
  // x' of tokens in float32: of those with open gates, on the CPU, or of all.
  at::Tensor UpdateOpenTokens(const at::Tensor& rows, const WidestGates& widest,
                              bool in_place) const;
  at::Tensor UpdateAllTokens(const at::Tensor& rows,
                             const WidestGates& widest) const;
  int64_t BytesPerToken() const;

  GateBank gates_;
  at::Tensor gate_center_, gate_slope_;  // (N) c, k
  at::Tensor map_up_;                    // (N, R1, D) V_mapᵀ
  at::Tensor map_down_;  // (N, R1, D) V_mapᵀ(I − V_tar V_tarᵀ)
  at::Tensor mapping_mean_, target_mean_;  // (N, D) μ_map, μ_tar
  at::Tensor eta_, closed_logit_;          // (N) η, see ClosedLogits
  double strength_;
};

}  // namespace gloce
