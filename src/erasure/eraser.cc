#include "gloce/erasure/eraser.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/join.h"
#include "erasure/layer_tensors.h"
#include "erasure/shards.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// Concatenates along concepts; lower ranks are padded with zeros.
at::Tensor CatPadded(const std::vector<at::Tensor>& parts) {
  std::vector<int64_t> largest = parts[0].sizes().vec();
  for (const at::Tensor& part : parts) {
    for (int64_t d = 1; d < part.dim(); ++d)
      largest[d] = std::max(largest[d], part.size(d));
  }
  std::vector<at::Tensor> padded;
  for (const at::Tensor& part : parts) {
    std::vector<int64_t> padding;  // last dimension first
    for (int64_t d = part.dim() - 1; d > 0; --d) {
      padding.insert(padding.end(), {0, largest[d] - part.size(d)});
    }
    padded.push_back(padding.empty() ? part
                                     : at::constant_pad_nd(part, padding));
  }
  return at::cat(padded, 0).contiguous();
}

void CheckSameModel(const Erasers& a, const Erasers& b) {
  if (a.model_identity != b.model_identity) {
    throw Error("erasers of different models cannot be joined: " +
                a.model_identity.substr(0, 12) + "… and " +
                b.model_identity.substr(0, 12) + "…");
  }
  const bool same_layers =
      std::equal(a.layers.begin(), a.layers.end(), b.layers.begin(),
                 b.layers.end(), [](const auto& x, const auto& y) {
                   return x.path == y.path && x.width == y.width;
                 });
  if (!same_layers)
    throw Error("erasers with different hook points cannot be joined");
}

}  // namespace

double GateStartTimestep(int64_t num_train_timesteps, double gate_start,
                         int64_t steps) {
  const double timestep = static_cast<double>(num_train_timesteps) *
                              (1.0 - gate_start / static_cast<double>(steps)) +
                          1.0;
  // Rounding must not put it below the timestep of the call that is meant.
  constexpr double kPerTimestep = 1e6;
  return std::round(timestep * kPerTimestep) / kPerTimestep;
}

std::vector<std::string> ConceptNames(const Erasers& erasers) {
  std::vector<std::string> names;
  names.reserve(erasers.concepts.size());
  for (const ConceptInfo& info : erasers.concepts)
    names.push_back(info.settings.name);
  return names;
}

Erasers SelectConcepts(const Erasers& erasers,
                       const std::vector<std::string>& names) {
  const std::vector<std::string> known = ConceptNames(erasers);
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw UsageError("--only: got \"" + name +
                       "\", expected one of: " + Join(known));
    }
  }
  Erasers selected;
  selected.model_identity = erasers.model_identity;
  selected.stored_dtype = erasers.stored_dtype;
  std::vector<int64_t> rows;
  for (size_t i = 0; i < known.size(); ++i) {
    if (std::find(names.begin(), names.end(), known[i]) == names.end())
      continue;
    rows.push_back(static_cast<int64_t>(i));
    selected.concepts.push_back(erasers.concepts[i]);
  }
  const at::Tensor index = at::tensor(rows, at::kLong);
  for (const LayerErasers& layer : erasers.layers) {
    LayerErasers part{layer.path, layer.width, {}, {}, {}, {}, {}, {}, {}, {}};
    for (const LayerTensor& spec : kLayerTensors)
      part.*spec.tensor = (layer.*spec.tensor).index_select(0, index);
    selected.layers.push_back(std::move(part));
  }
  return selected;
}

Erasers MergeErasers(const std::vector<Erasers>& inputs) {
  if (inputs.empty()) throw Error("no erasers to join");
  Erasers merged;
  merged.model_identity = inputs[0].model_identity;
  const bool same_dtype =
      std::all_of(inputs.begin(), inputs.end(), [&](const Erasers& input) {
        return input.stored_dtype == inputs[0].stored_dtype;
      });
  merged.stored_dtype = same_dtype ? inputs[0].stored_dtype : at::kFloat;
  std::set<std::string> names;
  const std::vector<size_t> order = OrderOfJoining(inputs);
  for (const size_t index : order) {
    const Erasers& input = inputs[index];
    CheckSameModel(inputs[0], input);
    for (const ConceptInfo& info : input.concepts) {
      if (!names.insert(info.settings.name).second) {
        throw Error("concept \"" + info.settings.name +
                    "\" appears twice among the erasers");
      }
      merged.concepts.push_back(info);
    }
  }
  for (size_t i = 0; i < inputs[0].layers.size(); ++i) {
    LayerErasers layer{inputs[0].layers[i].path,
                       inputs[0].layers[i].width,
                       {},
                       {},
                       {},
                       {},
                       {},
                       {},
                       {},
                       {}};
    for (const LayerTensor& spec : kLayerTensors) {
      std::vector<at::Tensor> parts;
      for (const size_t index : order)
        parts.push_back(inputs[index].layers[i].*spec.tensor);
      layer.*spec.tensor = CatPadded(parts);
    }
    merged.layers.push_back(std::move(layer));
  }
  return merged;
}

}  // namespace gloce
