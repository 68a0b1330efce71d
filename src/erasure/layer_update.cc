#include "erasure/layer_update.h"

#include <ATen/ATen.h>

#include "erasure/token_blocks.h"
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
      closed_logit_(ClosedLogits(EtaOf(concepts), strength)),
      strength_(strength) {}

at::Tensor LayerUpdate::Apply(const at::Tensor& rows, const WidestGates& widest,
                              bool in_place) const {
  if (rows.is_cpu() && rows.scalar_type() == at::kFloat)
    return UpdateOpenTokens(rows, widest, in_place);
  const at::Tensor result = in_place ? rows : at::empty_like(rows);
  ForTokenBlocks(rows, BytesPerToken(), [&](int64_t begin, int64_t count) {
    const at::Tensor block = rows.narrow(0, begin, count).to(at::kFloat);
    const WidestGates gates{widest.logit.narrow(0, begin, count),
                            widest.concepts.narrow(0, begin, count)};
    result.narrow(0, begin, count)
        .copy_(block.is_cpu() ? UpdateOpenTokens(block, gates, true)
                              : UpdateAllTokens(block, gates));
  });
  return result;
}

at::Tensor LayerUpdate::UpdateOpenTokens(const at::Tensor& rows,
                                         const WidestGates& widest,
                                         bool in_place) const {
  return UpdateTokens(
      rows, widest,
      {map_up_, map_down_, mapping_mean_, target_mean_, eta_, closed_logit_},
      strength_, in_place);
}

// x and x'; on accelerators also the matrices of its concept and what is
// computed on the way.
int64_t LayerUpdate::BytesPerToken() const {
  const int64_t vectors = map_up_.is_cpu() ? 2 : 2 * map_up_.size(1) + 6;
  return vectors * map_up_.size(2) * static_cast<int64_t>(sizeof(float));
}

at::Tensor LayerUpdate::UpdateAllTokens(const at::Tensor& rows,
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
