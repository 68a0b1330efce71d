#include "gloce/erasure/eraser_file.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "bundle/safetensors.h"
#include "erasure/concept_json.h"
#include "erasure/layer_tensors.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "gloce-erasers";
constexpr const char* kVersion = "1";
constexpr int64_t kMaxShards = 1'000'000;

const std::string& MetadataValue(
    const std::map<std::string, std::string>& metadata, const std::string& key,
    const std::string& path) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) {
    const bool published =
        metadata.contains("prompts") && metadata.contains("rank");
    throw Error(path + ": metadata: \"" + key +
                "\" is missing; this is no erasers file of gloce" +
                (published ? ", but may be a checkpoint of the published code: "
                             "gloce convert --to gloce reads it"
                           : ""));
  }
  return found->second;
}

struct StoredDtype {
  const char* name;  // in safetensors
  at::ScalarType type;
};

constexpr StoredDtype kStoredDtypes[] = {
    {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16}};

const char* NameOf(at::ScalarType type) {
  for (const StoredDtype& stored : kStoredDtypes) {
    if (stored.type == type) return stored.name;
  }
  throw Error("erasers: got the stored type " + std::string(toString(type)) +
              ", expected float32, float16 or bfloat16");
}

// The type of all tensors of a file but those that are always float32: that of
// its first.
at::ScalarType StoredDtypeOf(const SafetensorsEntry& first,
                             const std::string& path) {
  for (const StoredDtype& stored : kStoredDtypes) {
    if (first.dtype == stored.name) return stored.type;
  }
  throw Error(path + ": " + first.name + ": got " + first.dtype +
              ", expected F32, F16 or BF16");
}

void CheckShape(const std::string& path, const SafetensorsEntry& entry,
                const LayerTensor& spec, int64_t num_concepts, int64_t width,
                const std::string& dtype) {
  const std::string dims = spec.dims;
  bool fits =
      entry.shape.size() == dims.size() + 1 && entry.shape[0] == num_concepts;
  for (size_t d = 0; fits && d < dims.size(); ++d) {
    fits =
        dims[d] == 'D' ? entry.shape[d + 1] == width : entry.shape[d + 1] >= 1;
  }
  if (fits && entry.dtype == dtype) return;
  std::string got = entry.dtype + " (";
  for (const int64_t size : entry.shape) got += std::to_string(size) + ",";
  std::string expected = dtype + " (" + std::to_string(num_concepts) + ",";
  for (const char dim : dims)
    expected += dim == 'D' ? std::to_string(width) + "," : "rank,";
  throw Error(path + ": " + entry.name + ": got " + got + "), expected " +
              expected + ")");
}

std::string TensorName(const std::string& hook, const LayerTensor& spec) {
  return hook + "." + spec.name;
}

const SafetensorsEntry& FindTensor(const SafetensorsFile& file,
                                   const std::string& path,
                                   const std::string& name) {
  const SafetensorsEntry* entry = file.Find(name);
  if (entry == nullptr) throw Error(path + ": tensor " + name + " is missing");
  return *entry;
}

LayerErasers ReadLayer(const SafetensorsFile& file, const std::string& path,
                       const std::string& hook, int64_t width,
                       int64_t num_concepts, at::ScalarType stored_dtype,
                       std::set<std::string>& used) {
  LayerErasers layer;
  layer.path = hook;
  layer.width = width;
  for (const LayerTensor& spec : kLayerTensors) {
    const std::string name = TensorName(hook, spec);
    const SafetensorsEntry& entry = FindTensor(file, path, name);
    const at::ScalarType dtype =
        spec.always_float32() ? at::kFloat : stored_dtype;
    CheckShape(path, entry, spec, num_concepts, width, NameOf(dtype));
    used.insert(name);
    // A copy: the file's bytes go away, and they need not be aligned.
    const at::Tensor tensor = at::empty(entry.shape, dtype);
    std::memcpy(tensor.data_ptr(), entry.data.data(), entry.data.size());
    layer.*spec.tensor = tensor.to(at::kFloat);
  }
  if (layer.map_up.size(2) != layer.map_down.size(1)) {
    throw Error(path + ": " + hook + ": map_up has rank " +
                std::to_string(layer.map_up.size(2)) + ", map_down " +
                std::to_string(layer.map_down.size(1)));
  }
  return layer;
}

std::vector<ConceptInfo> ReadConceptInfos(const std::string& text,
                                          const std::string& place) {
  const json parsed = ParseJson(text, place);
  if (!parsed.is_array() || parsed.empty())
    throw Error(place + ": expected a list of concepts");
  std::vector<ConceptInfo> concepts;
  std::set<std::string> names;
  for (const json& item : parsed) {
    concepts.push_back(ConceptFromJson(
        JsonObject(item, place + "[" + std::to_string(concepts.size()) + "]")));
    if (!names.insert(concepts.back().settings.name).second) {
      throw Error(place + ": \"" + concepts.back().settings.name +
                  "\" appears twice");
    }
  }
  return concepts;
}

ShardInfo ReadShard(const std::string& text, const std::string& place) {
  const json parsed = ParseJson(text, place);
  JsonObject object(parsed, place);
  ShardInfo shard{object.Integer("shard"), object.Integer("num_shards"),
                  object.String("list_hash")};
  object.Finish();
  if (shard.shard < 1 || shard.shard > shard.num_shards ||
      shard.num_shards > kMaxShards) {
    throw Error(
        place + ": got " + std::to_string(shard.shard) + " of " +
        std::to_string(shard.num_shards) +
        ", expected 1 <= shard <= num_shards <= " + std::to_string(kMaxShards));
  }
  return shard;
}

}  // namespace

Erasers ReadErasers(const std::string& path) {
  return ParseErasers(ReadFile(path), path);
}

Erasers ParseErasers(std::string bytes, const std::string& path) {
  const SafetensorsFile file = SafetensorsFile::Parse(std::move(bytes), path);
  const auto& metadata = file.metadata();
  if (const auto& format = MetadataValue(metadata, "format", path);
      format != kFormat) {
    throw Error(path + ": format: got \"" + format + "\", expected \"" +
                kFormat + "\"");
  }
  if (const auto& version = MetadataValue(metadata, "version", path);
      version != kVersion) {
    throw Error(path + ": version: got " + version + ", expected " + kVersion +
                "; a newer gloce may read it");
  }
  Erasers erasers;
  erasers.model_identity = MetadataValue(metadata, "model_identity", path);
  erasers.concepts = ReadConceptInfos(MetadataValue(metadata, "concepts", path),
                                      path + ": concepts");
  const json hooks =
      ParseJson(MetadataValue(metadata, "hooks", path), path + ": hooks");
  if (!hooks.is_array() || hooks.empty())
    throw Error(path + ": hooks: expected a list");
  if (const auto shard = metadata.find("shard"); shard != metadata.end())
    erasers.shard = ReadShard(shard->second, path + ": shard");
  std::set<std::string> used;
  for (const json& item : hooks) {
    JsonObject hook(
        item, path + ": hooks[" + std::to_string(erasers.layers.size()) + "]");
    const std::string hook_path = hook.String("path");
    const int64_t width = hook.Integer("width");
    hook.Finish();
    if (erasers.layers.empty()) {
      erasers.stored_dtype = StoredDtypeOf(
          FindTensor(file, path, TensorName(hook_path, kLayerTensors[0])),
          path);
    }
    erasers.layers.push_back(
        ReadLayer(file, path, hook_path, width,
                  static_cast<int64_t>(erasers.concepts.size()),
                  erasers.stored_dtype, used));
  }
  for (const SafetensorsEntry& entry : file.entries()) {
    if (!used.contains(entry.name))
      throw Error(path + ": unknown tensor " + entry.name);
  }
  return erasers;
}

std::string SerializeErasers(const Erasers& erasers) {
  json hooks = json::array();
  json concepts = json::array();
  for (const ConceptInfo& info : erasers.concepts)
    concepts.push_back(ConceptToJson(info));
  std::vector<at::Tensor> keep;  // entries view into these
  std::vector<SafetensorsEntry> entries;
  for (const LayerErasers& layer : erasers.layers) {
    hooks.push_back({{"path", layer.path}, {"width", layer.width}});
    for (const LayerTensor& spec : kLayerTensors) {
      const at::ScalarType dtype =
          spec.always_float32() ? at::kFloat : erasers.stored_dtype;
      keep.push_back((layer.*spec.tensor).to(at::kCPU, dtype).contiguous());
      const at::Tensor& tensor = keep.back();
      entries.push_back(
          {TensorName(layer.path, spec),
           NameOf(dtype),
           tensor.sizes().vec(),
           {static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()}});
    }
  }
  std::map<std::string, std::string> metadata = {
      {"format", kFormat},
      {"version", kVersion},
      {"model_identity", erasers.model_identity},
      {"hooks", hooks.dump()},
      {"concepts", concepts.dump()}};
  if (erasers.shard) {
    metadata["shard"] = json{{"shard", erasers.shard->shard},
                             {"num_shards", erasers.shard->num_shards},
                             {"list_hash", erasers.shard->list_hash}}
                            .dump();
  }
  return SerializeSafetensors(entries, metadata);
}

void WriteErasers(const std::string& path, const Erasers& erasers) {
  WriteFileAtomically(path, SerializeErasers(erasers));
}

std::string ErasersHash(const Erasers& erasers) {
  return Sha256(SerializeErasers(erasers));
}

}  // namespace gloce
