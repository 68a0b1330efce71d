#include "eval/eraser_view.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

namespace gloce {
namespace {

using nlohmann::ordered_json;

// More rows and columns than a page can show.
constexpr size_t kMaxSimilar = 200;

ordered_json LayersOf(const Erasers& erasers, size_t concept_index) {
  const ConceptInfo& info = erasers.concepts[concept_index];
  const auto row = static_cast<int64_t>(concept_index);
  ordered_json layers = ordered_json::array();
  for (size_t l = 0; l < erasers.layers.size(); ++l) {
    ordered_json layer = {
        {"center", erasers.layers[l].gate_center[row].item<double>()}};
    if (l < info.facts.size()) {
      const LayerFacts& facts = info.facts[l];
      layer["anchor_mean"] = facts.anchor_mean;
      layer["anchor_std"] = facts.anchor_std;
      layer["target_mean"] = facts.target_score;
      layer["explained_map"] = facts.explained_map;
      layer["explained_target"] = facts.explained_target;
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

bool IsKnown(const ConceptInfo& info, const std::string& key) {
  return std::find(info.unknown.begin(), info.unknown.end(), key) ==
         info.unknown.end();
}

ordered_json ConceptOf(const Erasers& erasers, size_t concept_index) {
  const ConceptInfo& info = erasers.concepts[concept_index];
  const ConceptSettings& settings = info.settings;
  ordered_json item = {{"name", settings.name},
                       {"rank_map", settings.rank_map},
                       {"rank_target", settings.rank_target},
                       {"rank_gate", settings.rank_gate},
                       {"eta", settings.eta}};
  if (IsKnown(info, "tau")) item["tau"] = settings.tau;
  if (IsKnown(info, "anchors")) item["anchors"] = settings.anchors;
  if (IsKnown(info, "mapping")) item["mapping"] = settings.mapping;
  if (IsKnown(info, "surrogate")) item["surrogate"] = settings.surrogate;
  item["by_layer"] = LayersOf(erasers, concept_index);
  return item;
}

ordered_json Similarity(const Erasers& erasers) {
  const size_t number = erasers.concepts.size();
  if (number < 2 || number > kMaxSimilar) return nullptr;
  const auto n = static_cast<int64_t>(number);
  at::Tensor sum = at::zeros({n, n}, at::kDouble);
  at::Tensor ranks = at::empty({n}, at::kDouble);
  ordered_json names = ordered_json::array();
  for (size_t i = 0; i < number; ++i) {
    ranks[static_cast<int64_t>(i)] =
        static_cast<double>(erasers.concepts[i].settings.rank_gate);
    names.push_back(erasers.concepts[i].settings.name);
  }
  for (const LayerErasers& layer : erasers.layers) {
    // (N, R, D) to (N·R, D); columns of zeros pad lower ranks.
    const int64_t rank = layer.gate_basis.size(2);
    const at::Tensor rows = layer.gate_basis.transpose(1, 2)
                                .to(at::kDouble)
                                .reshape({n * rank, layer.width});
    sum += at::matmul(rows, rows.t())
               .square()
               .reshape({n, rank, n, rank})
               .sum({1, 3});
  }
  sum /= static_cast<double>(erasers.layers.size());
  sum /= at::outer(ranks, ranks).sqrt();
  ordered_json values = ordered_json::array();
  for (int64_t i = 0; i < n; ++i) {
    ordered_json row = ordered_json::array();
    for (int64_t j = 0; j < n; ++j) row.push_back(sum[i][j].item<double>());
    values.push_back(std::move(row));
  }
  return {{"names", std::move(names)}, {"values", std::move(values)}};
}

}  // namespace

ordered_json EraserView(const Erasers& erasers) {
  ordered_json layers = ordered_json::array();
  for (const LayerErasers& layer : erasers.layers) layers.push_back(layer.path);
  ordered_json concepts = ordered_json::array();
  for (size_t i = 0; i < erasers.concepts.size(); ++i)
    concepts.push_back(ConceptOf(erasers, i));
  return {{"layers", std::move(layers)},
          {"concepts", std::move(concepts)},
          {"similarity", Similarity(erasers)}};
}

}  // namespace gloce
