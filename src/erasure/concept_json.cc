#include "erasure/concept_json.h"

#include <cmath>
#include <utility>
#include <vector>

#include "gloce/base/error.h"

namespace gloce {

void ReadWindow(JsonObject& object, StatisticsSettings& statistics) {
  const nlohmann::json& window = object.Array("window");
  if (window.size() != 2 || !window[0].is_number_integer() ||
      !window[1].is_number_integer()) {
    throw Error(object.place() +
                ": window: expected two integers, [start, end]");
  }
  statistics.window_start = window[0].get<int64_t>();
  statistics.window_end = window[1].get<int64_t>();
}

namespace {

// The members of LayerFacts, by their names in a file.
constexpr std::pair<const char*, double LayerFacts::*> kFacts[] = {
    {"anchor_mean", &LayerFacts::anchor_mean},
    {"anchor_std", &LayerFacts::anchor_std},
    {"target_score", &LayerFacts::target_score},
    {"explained_map", &LayerFacts::explained_map},
    {"explained_target", &LayerFacts::explained_target}};

// A list a member, with six decimals.
nlohmann::json FactsToJson(const std::vector<LayerFacts>& facts) {
  nlohmann::json json;
  for (const auto& [name, member] : kFacts) {
    for (const LayerFacts& layer : facts)
      json[name].push_back(std::round(layer.*member * 1e6) / 1e6);
  }
  return json;
}

std::vector<LayerFacts> FactsFromJson(JsonObject object) {
  std::vector<LayerFacts> facts;
  for (const auto& [name, member] : kFacts) {
    const nlohmann::json& values = object.Array(name);
    if (facts.empty()) facts.resize(values.size());
    for (size_t l = 0; l < values.size(); ++l) {
      if (!values[l].is_number() || values.size() != facts.size()) {
        throw Error(object.place() + ": " + name +
                    ": expected a number for each hook point");
      }
      facts[l].*member = values[l].get<double>();
    }
  }
  object.Finish();
  return facts;
}

}  // namespace

nlohmann::json ConceptToJson(const ConceptInfo& info) {
  const ConceptSettings& settings = info.settings;
  const StatisticsSettings& statistics = settings.statistics;
  nlohmann::json json = {
      {"name", settings.name},
      {"prompts", settings.prompts},
      {"mapping", settings.mapping},
      {"surrogate", settings.surrogate},
      {"anchors", settings.anchors},
      {"rank_map", settings.rank_map},
      {"rank_target", settings.rank_target},
      {"rank_gate", settings.rank_gate},
      {"tau", settings.tau},
      {"eta", settings.eta},
      {"scheduler", statistics.scheduler},
      {"steps", statistics.num_inference_steps},
      {"guidance", statistics.guidance_scale},
      {"window", {statistics.window_start, statistics.window_end}},
      {"num_seeds", statistics.num_seeds},
      {"gate_start", ShortNumber(settings.gate_start)},
      {"gate_start_timestep", info.gate_start_timestep},
      {"tool_version", info.tool_version}};
  for (const std::string& key : info.unknown) json[key] = nullptr;
  if (!info.facts.empty()) json["fit"] = FactsToJson(info.facts);
  return json;
}

ConceptInfo ConceptFromJson(JsonObject object) {
  ConceptInfo info;
  ConceptSettings& settings = info.settings;
  StatisticsSettings& statistics = settings.statistics;
  settings.name = object.String("name");
  for (const char* key : kMayBeUnknown) {
    if (object.Any(key).is_null()) info.unknown.emplace_back(key);
  }
  const auto known = [&](const char* key) {
    return !object.Any(key).is_null();
  };
  if (known("prompts")) settings.prompts = object.Strings("prompts");
  if (known("mapping")) settings.mapping = object.Strings("mapping");
  if (known("surrogate")) settings.surrogate = object.Strings("surrogate");
  if (known("anchors")) settings.anchors = object.Strings("anchors");
  settings.rank_map = object.Integer("rank_map");
  settings.rank_target = object.Integer("rank_target");
  settings.rank_gate = object.Integer("rank_gate");
  if (known("tau")) settings.tau = object.Number("tau");
  settings.eta = object.Number("eta");
  if (!(std::abs(settings.eta) <= kMaxEta)) {
    throw Error(object.place() + ": eta: expected a number within ±" +
                std::to_string(static_cast<int64_t>(kMaxEta)));
  }
  if (known("scheduler")) statistics.scheduler = object.String("scheduler");
  if (known("steps")) statistics.num_inference_steps = object.Integer("steps");
  if (known("guidance")) statistics.guidance_scale = object.Number("guidance");
  if (known("window")) ReadWindow(object, statistics);
  if (known("num_seeds")) statistics.num_seeds = object.Integer("num_seeds");
  if (known("gate_start")) settings.gate_start = object.Number("gate_start");
  info.gate_start_timestep = object.Number("gate_start_timestep");
  info.tool_version = object.String("tool_version");
  if (object.Has("fit")) info.facts = FactsFromJson(object.Object("fit"));
  object.Finish();
  return info;
}

}  // namespace gloce
