#include "erasure/published_checkpoint.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <set>

#include "base/json.h"
#include "bundle/safetensors.h"
#include "gloce/base/error.h"

// Notation (<variable name> -> <name in published files>):
//   map_up -> lora_degen,  map_down -> lora_update, transposed,
//   mapping_mean -> bias,  target_mean -> debias,
//   gate_basis -> select_weight,  surrogate_mean -> select_mean_diff,
//   gate_center -> imp_center,  gate_slope -> imp_slope
namespace gloce {
namespace {

// A tensor of a layer. Ours are the same numbers, but that all have N in front
// and none has dimensions of size 1 besides.
struct PublishedTensor {
  const char* suffix = nullptr;
  const char* dims = nullptr;  // '1', 'D' the layer's width, 'M' r1, 'G' r3
  at::Tensor LayerErasers::*tensor = nullptr;
  bool transposed = false;
};

constexpr PublishedTensor kPublishedTensors[] = {
    {".lora_degen.weight", "DM", &LayerErasers::map_up},
    {".lora_update.weight", "DM", &LayerErasers::map_down, true},
    {".bias.weight", "11D", &LayerErasers::mapping_mean},
    {".debias.weight", "11D", &LayerErasers::target_mean},
    {".selector.select_weight.weight", "1DG", &LayerErasers::gate_basis},
    {".selector.select_mean_diff.weight", "1D", &LayerErasers::surrogate_mean},
    {".selector.imp_center", "", &LayerErasers::gate_center},
    {".selector.imp_slope", "1", &LayerErasers::gate_slope},
};

// Written for each layer, read by nobody.
constexpr const char* kAlphaSuffix = ".alpha";
constexpr float kAlpha = 1.0F;

constexpr int64_t kMaxRank = 1'000'000;

std::string ShapeText(const SafetensorsEntry& entry) {
  std::string text = entry.dtype + " (";
  for (size_t d = 0; d < entry.shape.size(); ++d)
    text += (d == 0 ? "" : ", ") + std::to_string(entry.shape[d]);
  return text + ")";
}

// Throws Error if `entry` is not F32 of these dimensions. Ranks that are 0 yet
// are taken from it.
void CheckShape(const SafetensorsEntry& entry, const std::string& dims,
                int64_t width, int64_t& rank_map, int64_t& rank_gate,
                const std::string& path) {
  std::string expected = "F32 (";
  bool fits = entry.dtype == "F32" && entry.shape.size() == dims.size();
  for (size_t d = 0; d < dims.size(); ++d) {
    int64_t* rank = dims[d] == 'M'   ? &rank_map
                    : dims[d] == 'G' ? &rank_gate
                                     : nullptr;
    if (fits && rank != nullptr && *rank == 0) *rank = entry.shape[d];
    const int64_t size = rank != nullptr ? *rank : dims[d] == 'D' ? width : 1;
    fits = fits && size > 0 && entry.shape[d] == size;
    expected += (d == 0 ? "" : ", ") +
                (size > 0 ? std::to_string(size) : std::string("rank"));
  }
  if (fits) return;
  throw Error(path + ": tensor " + entry.name + ": got " +
              ShapeText(entry).substr(0, 80) + ", expected " + expected + ")");
}

// Ours (1, …) of the published tensor.
at::Tensor FromPublished(const SafetensorsEntry& entry,
                         const PublishedTensor& spec) {
  // A copy: the file's bytes go away, and they need not be aligned.
  at::Tensor tensor = at::empty(entry.shape, at::kFloat);
  std::memcpy(tensor.data_ptr(), entry.data.data(), entry.data.size());
  if (spec.transposed) tensor = tensor.t();
  std::vector<int64_t> shape = {1};
  for (int64_t d = 0; d < tensor.dim(); ++d)
    if (spec.dims[d] != '1') shape.push_back(tensor.size(d));
  return tensor.reshape(shape).contiguous();
}

// The published tensor of ours (1, …).
at::Tensor ToPublished(const at::Tensor& ours, const PublishedTensor& spec) {
  const at::Tensor tensor = spec.transposed ? ours.transpose(1, 2) : ours;
  std::vector<int64_t> shape;
  int64_t next = 1;
  for (const char dim : std::string(spec.dims))
    shape.push_back(dim == '1' ? 1 : tensor.size(next++));
  return tensor.to(at::kCPU, at::kFloat).reshape(shape).contiguous();
}

const SafetensorsEntry& FindTensor(const SafetensorsFile& file,
                                   const std::string& name,
                                   const std::string& path,
                                   std::set<std::string>& used) {
  const SafetensorsEntry* entry = file.Find(name);
  if (entry == nullptr) throw Error(path + ": tensor " + name + " is missing");
  used.insert(name);
  return *entry;
}

void CheckAlpha(const SafetensorsEntry& entry, const std::string& path) {
  int64_t no_rank = 0;
  CheckShape(entry, "", 0, no_rank, no_rank, path);
  float alpha = 0;
  std::memcpy(&alpha, entry.data.data(), sizeof alpha);
  if (alpha != kAlpha) {
    throw Error(path + ": tensor " + entry.name + ": got " +
                std::to_string(alpha) +
                ", expected 1, as the published code writes it");
  }
}

LayerErasers ReadLayer(const SafetensorsFile& file, const HookPoint& hook,
                       const std::string& path, std::set<std::string>& used) {
  const std::string prefix = PublishedLayerName(hook.path);
  const bool there = std::any_of(
      file.entries().begin(), file.entries().end(),
      [&](const auto& entry) { return entry.name.starts_with(prefix + "."); });
  if (!there) {
    throw Error(path + ": layer " + prefix +
                " is missing; the checkpoint is of another model than the "
                "bundle, or of other layers");
  }
  LayerErasers layer;
  layer.path = hook.path;
  layer.width = hook.width;
  int64_t rank_map = 0;
  int64_t rank_gate = 0;
  for (const PublishedTensor& spec : kPublishedTensors) {
    const SafetensorsEntry& entry =
        FindTensor(file, prefix + spec.suffix, path, used);
    CheckShape(entry, spec.dims, hook.width, rank_map, rank_gate, path);
    layer.*spec.tensor = FromPublished(entry, spec);
  }
  CheckAlpha(FindTensor(file, prefix + kAlphaSuffix, path, used), path);
  return layer;
}

// All layers have the ranks of the file, or as many as their width allows.
void CheckSameRanks(const std::vector<LayerErasers>& layers,
                    const std::string& path) {
  for (const auto tensor : {&LayerErasers::map_up, &LayerErasers::gate_basis}) {
    const auto rank = [&](const LayerErasers& l) {
      return (l.*tensor).size(2);
    };
    const auto widest = std::max_element(
        layers.begin(), layers.end(),
        [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    for (const LayerErasers& layer : layers) {
      if (rank(layer) == std::min(rank(*widest), layer.width)) continue;
      throw Error(path +
                  ": layers differ in rank: " + PublishedLayerName(layer.path) +
                  " has " + std::to_string(rank(layer)) + ", " +
                  PublishedLayerName(widest->path) + " has " +
                  std::to_string(rank(*widest)));
    }
  }
}

const std::string& MetadataValue(const SafetensorsFile& file,
                                 const std::string& key,
                                 const std::string& path) {
  const auto& metadata = file.metadata();
  if (metadata.contains("format") && !metadata.contains("rank")) {
    throw Error(path + ": got a file of format " +
                QuoteForMessage(metadata.at("format")) +
                ", expected a published checkpoint");
  }
  const auto found = metadata.find(key);
  if (found == metadata.end() || found->second.empty()) {
    throw Error(path + ": metadata: \"" + key +
                "\" is missing; this is no checkpoint of the published code");
  }
  return found->second;
}

int64_t ParseRank(const std::string& text, const std::string& path) {
  int64_t rank = -1;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, rank);
  if (error != std::errc() || stop != end || rank < 0 || rank > kMaxRank) {
    throw Error(path + ": metadata: rank: got " + QuoteForMessage(text) +
                ", expected an integer from 0 to " + std::to_string(kMaxRank));
  }
  return rank;
}

// The published names of two hook points may be one.
void CheckDistinct(const std::vector<HookPoint>& hooks) {
  std::map<std::string, std::string> paths;
  for (const HookPoint& hook : hooks) {
    const auto [it, fresh] =
        paths.emplace(PublishedLayerName(hook.path), hook.path);
    if (!fresh) {
      throw Error("hook points " + it->second + " and " + hook.path +
                  " have the same name in published checkpoints, " + it->first);
    }
  }
}

std::vector<HookPoint> HooksOf(const std::vector<LayerErasers>& layers) {
  std::vector<HookPoint> hooks;
  hooks.reserve(layers.size());
  for (const LayerErasers& layer : layers)
    hooks.push_back({layer.path, layer.width, ""});
  return hooks;
}

}  // namespace

std::string PublishedLayerName(const std::string& hook_path) {
  std::string name = "lora_gloce_" + hook_path;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

PublishedCheckpoint ParsePublishedCheckpoint(
    std::string bytes, const std::string& path,
    const std::vector<HookPoint>& hooks) {
  if (hooks.empty()) throw Error(path + ": the bundle has no hook point");
  CheckDistinct(hooks);
  const SafetensorsFile file = SafetensorsFile::Parse(std::move(bytes), path);
  PublishedCheckpoint checkpoint;
  checkpoint.name = MetadataValue(file, "prompts", path);
  checkpoint.rank_target = ParseRank(MetadataValue(file, "rank", path), path);
  std::set<std::string> used;
  for (const HookPoint& hook : hooks)
    checkpoint.layers.push_back(ReadLayer(file, hook, path, used));
  for (const SafetensorsEntry& entry : file.entries()) {
    if (!used.contains(entry.name)) {
      throw Error(path + ": unknown tensor " +
                  QuoteForMessage(entry.name, 120) +
                  "; the bundle has no such hook point, or the checkpoint is "
                  "of another version");
    }
  }
  CheckSameRanks(checkpoint.layers, path);
  return checkpoint;
}

std::string SerializePublishedCheckpoint(
    const PublishedCheckpoint& checkpoint) {
  CheckDistinct(HooksOf(checkpoint.layers));
  std::vector<at::Tensor> keep;  // entries view into these
  std::vector<SafetensorsEntry> entries;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    keep.push_back(tensor);
    entries.push_back(
        {name,
         "F32",
         tensor.sizes().vec(),
         {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()}});
  };
  for (const LayerErasers& layer : checkpoint.layers) {
    const std::string prefix = PublishedLayerName(layer.path);
    for (const PublishedTensor& spec : kPublishedTensors)
      add(prefix + spec.suffix, ToPublished(layer.*spec.tensor, spec));
    add(prefix + kAlphaSuffix, at::scalar_tensor(kAlpha, at::kFloat));
  }
  return SerializeSafetensors(entries,
                              {{"prompts", checkpoint.name},
                               {"rank", std::to_string(checkpoint.rank_target)},
                               {"alpha", "1.0"}});
}

}  // namespace gloce
