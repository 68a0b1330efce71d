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
  //   rows     (M, D) float32, contiguous
  //   waiting  (N) bool; undefined if all concepts act
  WidestGates Widest(const at::Tensor& rows, const at::Tensor& waiting) const {
    return gates_.Widest(rows, gate_slope_, gate_center_, waiting);
  }

  // x' (M, D) of rows (M, D), each by the concept of its widest gate
  // (docs/erasure.md, output). On the CPU closed gates cost nothing, and `rows`
  // itself comes back if all are closed. Elsewhere every token is computed:
  // counting the open gates would synchronise.
  at::Tensor Apply(const at::Tensor& rows, const WidestGates& widest) const;

 private:
  at::Tensor ApplyToAll(const at::Tensor& rows,
                        const WidestGates& widest) const;

  GateBank gates_;
  at::Tensor gate_center_, gate_slope_;  // (N) c, k
  at::Tensor map_up_;                    // (N, R1, D) V_mapᵀ
  at::Tensor map_down_;  // (N, R1, D) V_mapᵀ(I − V_tar V_tarᵀ)
  at::Tensor mapping_mean_, target_mean_;  // (N, D) μ_map, μ_tar
  at::Tensor eta_;                         // (N) η
  double strength_;
};

}  // namespace gloce
