#include "gloce/erasure/gate_maps.h"

#include <ATen/ATen.h>

#include <set>
#include <utility>

#include "base/json.h"
#include "bundle/safetensors.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "gloce-gate-maps";
constexpr const char* kVersion = "1";
constexpr int64_t kMaxSide = 4096;  // of a token map

int64_t BytesOf(int64_t tokens) { return (tokens + 7) / 8; }

// bool (C, S, T) to C · S rows of bits, the first token in a byte's highest
// bit, as numpy.packbits has them.
std::string Pack(const at::Tensor& open) {
  const int64_t tokens = open.size(2);
  const at::Tensor rows = open.reshape({-1, tokens}).contiguous();
  const auto* values = rows.const_data_ptr<bool>();
  std::string bytes(static_cast<size_t>(rows.size(0) * BytesOf(tokens)), '\0');
  size_t byte = 0;
  for (int64_t row = 0; row < rows.size(0); ++row) {
    for (int64_t t = 0; t < tokens; ++t) {
      if (*values++)
        bytes[byte + static_cast<size_t>(t / 8)] |=
            static_cast<char>(0x80 >> (t % 8));
    }
    byte += static_cast<size_t>(BytesOf(tokens));
  }
  return bytes;
}

at::Tensor Unpack(std::string_view bytes, int64_t concepts, int64_t steps,
                  int64_t tokens) {
  const at::Tensor open = at::empty({concepts, steps, tokens}, at::kBool);
  auto* values = open.mutable_data_ptr<bool>();
  size_t byte = 0;
  for (int64_t row = 0; row < concepts * steps; ++row) {
    for (int64_t t = 0; t < tokens; ++t) {
      const auto bits =
          static_cast<unsigned char>(bytes[byte + static_cast<size_t>(t / 8)]);
      *values++ = (bits & (0x80 >> (t % 8))) != 0;
    }
    byte += static_cast<size_t>(BytesOf(tokens));
  }
  return open;
}

std::string ReadText(const SafetensorsFile& file, const std::string& key,
                     const std::string& origin) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end())
    throw Error(origin + ": metadata: \"" + key + "\" is missing");
  return found->second;
}

// An array, under a key so that its place can be told.
json ReadArray(const SafetensorsFile& file, const std::string& key,
               const std::string& origin) {
  json value = ParseJson(ReadText(file, key, origin), origin + ": " + key,
                         JsonComments::kRefuse);
  if (!value.is_array()) throw Error(origin + ": " + key + ": expected a list");
  return value;
}

GateMaps::Layer ReadLayer(const json& described, const SafetensorsFile& file,
                          const GateMaps& maps, const std::string& origin) {
  JsonObject object(described, origin + ": layers");
  GateMaps::Layer layer;
  layer.path = object.String("path");
  layer.height = object.IntegerWithin("height", 1, kMaxSide);
  layer.width = object.IntegerWithin("width", 1, kMaxSide);
  object.Finish();
  const auto concepts = static_cast<int64_t>(maps.concepts.size());
  const auto steps = static_cast<int64_t>(maps.timesteps.size());
  const int64_t tokens = layer.height * layer.width;
  if (concepts == 0 || steps == 0) {
    layer.open = at::empty({concepts, steps, tokens}, at::kBool);
    return layer;
  }
  const SafetensorsEntry* entry = file.Find(layer.path);
  const std::vector<int64_t> shape = {concepts, steps, BytesOf(tokens)};
  if (entry == nullptr || entry->dtype != "U8" || entry->shape != shape) {
    throw Error(origin + ": " + layer.path +
                ": expected U8 of concepts × timesteps × bytes of tokens");
  }
  layer.open = Unpack(entry->data, concepts, steps, tokens);
  return layer;
}

}  // namespace

GateMaps MapsOfPicture(const GateRecord& record, int64_t picture,
                       const std::vector<std::string>& names,
                       const std::vector<std::string>& paths) {
  std::set<int64_t> places;  // of concepts that opened
  for (const GateRecord::Layer& layer : record.layers) {
    const at::Tensor seen =
        std::get<0>(at::_unique(layer.acting.select(1, picture)));
    for (int64_t i = 0; i < seen.numel(); ++i) {
      if (const auto place = seen[i].item<int64_t>(); place > 0)
        places.insert(place);
    }
  }
  GateMaps maps;
  maps.timesteps = record.timesteps;
  for (const int64_t place : places)
    maps.concepts.push_back(names.at(static_cast<size_t>(place - 1)));
  for (size_t l = 0; l < record.layers.size(); ++l) {
    const GateRecord::Layer& layer = record.layers[l];
    const at::Tensor acting = layer.acting.select(1, picture);  // (S, T)
    std::vector<at::Tensor> open;
    for (const int64_t place : places) open.push_back(acting == place);
    maps.layers.push_back(
        {paths.at(l), layer.height, layer.width,
         open.empty()
             ? at::empty({0, acting.size(0), acting.size(1)}, at::kBool)
             : at::stack(open)});
  }
  return maps;
}

std::string SerializeGateMaps(const GateMaps& maps) {
  json layers = json::array();
  std::vector<std::string> packed;
  packed.reserve(maps.layers.size());
  std::vector<SafetensorsEntry> entries;
  const auto concepts = static_cast<int64_t>(maps.concepts.size());
  const auto steps = static_cast<int64_t>(maps.timesteps.size());
  for (const GateMaps::Layer& layer : maps.layers) {
    layers.push_back({{"path", layer.path},
                      {"height", layer.height},
                      {"width", layer.width}});
    if (concepts == 0 || steps == 0) continue;
    packed.push_back(Pack(layer.open));
    entries.push_back({layer.path,
                       "U8",
                       {concepts, steps, BytesOf(layer.height * layer.width)},
                       packed.back()});
  }
  return SerializeSafetensors(entries,
                              {{"format", kFormat},
                               {"version", kVersion},
                               {"concepts", json(maps.concepts).dump()},
                               {"timesteps", json(maps.timesteps).dump()},
                               {"layers", layers.dump()}});
}

GateMaps ParseGateMaps(std::string bytes, const std::string& origin) {
  const SafetensorsFile file = SafetensorsFile::Parse(std::move(bytes), origin);
  if (ReadText(file, "format", origin) != kFormat ||
      ReadText(file, "version", origin) != kVersion) {
    throw Error(origin + ": expected gate maps of version " + kVersion +
                ", as gloce generate --gate-maps writes them");
  }
  GateMaps maps;
  for (const json& name : ReadArray(file, "concepts", origin)) {
    if (!name.is_string())
      throw Error(origin + ": concepts: expected a list of names");
    maps.concepts.push_back(name.get<std::string>());
  }
  for (const json& timestep : ReadArray(file, "timesteps", origin)) {
    if (!timestep.is_number())
      throw Error(origin + ": timesteps: expected a list of numbers");
    maps.timesteps.push_back(timestep.get<double>());
  }
  for (const json& layer : ReadArray(file, "layers", origin))
    maps.layers.push_back(ReadLayer(layer, file, maps, origin));
  return maps;
}

}  // namespace gloce
