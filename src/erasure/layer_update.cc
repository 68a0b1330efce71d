#include "erasure/layer_update.h"

#include <ATen/ATen.h>

#include "erasure/token_update.h"

// Notation (<variable name> -> <name in docs/erasure.md>):
//   logit -> k(p − c), gate -> s,
//   coordinates -> V_mapᵀ(I − V_tar V_tarᵀ)(x − μ_tar)
namespace gloce {
namespace {

at::Tensor EtaOf(const std::vector<ConceptInfo>& concepts) {
  std::vector<float> eta;
  eta.reserve(concepts.size());
  for (const ConceptInfo& info : concepts)
    eta.push_back(static_cast<float>(info.settings.eta));
  return at::tensor(eta);
}

}  // namespace

LayerUpdate::LayerUpdate(const LayerErasers& layer,
                         const std::vector<ConceptInfo>& concepts,
                         double strength, c10::Device device)
    : gates_(layer.gate_basis, layer.surrogate_mean, device),
      gate_center_(layer.gate_center.to(device, at::kFloat)),
      gate_slope_(layer.gate_slope.to(device, at::kFloat)),
      map_up_(layer.map_up.transpose(1, 2).to(device, at::kFloat).contiguous()),
      map_down_(layer.map_down.to(device, at::kFloat).contiguous()),
      mapping_mean_(layer.mapping_mean.to(device, at::kFloat).contiguous()),
      target_mean_(layer.target_mean.to(device, at::kFloat).contiguous()),
      eta_(EtaOf(concepts).to(device)),
      strength_(strength) {}

at::Tensor LayerUpdate::Apply(const at::Tensor& rows,
                              const WidestGates& widest) const {
  if (!rows.is_cpu()) return ApplyToAll(rows, widest);
  return UpdateTokens(rows, widest,
                      {map_up_, map_down_, mapping_mean_, target_mean_, eta_},
                      strength_);
}

at::Tensor LayerUpdate::ApplyToAll(const at::Tensor& rows,
                                   const WidestGates& widest) const {
  const at::Tensor& concepts = widest.concepts;
  const at::Tensor centred = rows - target_mean_.index_select(0, concepts);
  const at::Tensor coordinates =
      at::bmm(map_down_.index_select(0, concepts), centred.unsqueeze(2));
  at::Tensor update =
      at::bmm(coordinates.transpose(1, 2), map_up_.index_select(0, concepts))
          .squeeze(1);
  update += mapping_mean_.index_select(0, concepts);
  update *= eta_.index_select(0, concepts).unsqueeze(1);
  const at::Tensor gate = (at::sigmoid(widest.logit) * strength_).unsqueeze(1);
  return rows + gate * (update - rows);
}

}  // namespace gloce
