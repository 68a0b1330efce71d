#include "erasure/concept_request.h"

#include <algorithm>
#include <cmath>

#include "base/join.h"
#include "base/json.h"
#include "erasure/concept_json.h"
#include "erasure/fast_plan.h"

namespace gloce {
namespace {

template <typename Number>
void CheckRange(const char* key, Number value, Number low, Number high) {
  if (value >= low && value <= high) return;
  const std::string shown = std::isfinite(static_cast<double>(value))
                                ? nlohmann::json(value).dump()
                                : "nan";
  throw SettingError{key, "got " + shown + ", expected " +
                              nlohmann::json(low).dump() + " to " +
                              nlohmann::json(high).dump()};
}

int64_t Count(JsonObject& object, const char* key, int64_t otherwise,
              int64_t low, int64_t high) {
  const int64_t value = object.Integer(key, otherwise);
  CheckRange(key, value, low, high);
  return value;
}

StatisticsSettings ReadStatistics(JsonObject& object) {
  StatisticsSettings statistics;
  statistics.scheduler = object.String("scheduler", statistics.scheduler);
  statistics.num_inference_steps = Count(object, "steps", 50, 1, 1000);
  statistics.guidance_scale =
      object.Number("guidance", statistics.guidance_scale);
  CheckRange("guidance", statistics.guidance_scale, 0.0, 1000.0);
  if (object.Has("window")) ReadWindow(object, statistics);
  if (statistics.window_start < 0 ||
      statistics.window_end <= statistics.window_start ||
      statistics.window_end > statistics.num_inference_steps) {
    throw SettingError{
        "window", "got [" + std::to_string(statistics.window_start) + ", " +
                      std::to_string(statistics.window_end) +
                      "], expected 0 <= start < end <= steps (" +
                      std::to_string(statistics.num_inference_steps) + ")"};
  }
  statistics.num_seeds = Count(object, "num_seeds", 3, 1, 10000);
  return statistics;
}

std::string ReadPlan(JsonObject& object) {
  const std::vector<std::string> known = PlanNames();
  std::string plan = object.String("plan", known.front());
  if (std::find(known.begin(), known.end(), plan) == known.end()) {
    throw SettingError{"plan",
                       "got \"" + plan + "\", expected one of: " + Join(known)};
  }
  return plan;
}

std::vector<std::string> OptionalStrings(JsonObject& object,
                                         const std::string& key) {
  return object.Has(key) ? object.Strings(key) : std::vector<std::string>();
}

}  // namespace

ConceptRequest ToRequest(const std::string& name, const nlohmann::json& merged,
                         const std::string& place) {
  JsonObject object(merged, place);
  ConceptRequest request;
  ConceptSettings& settings = request.settings;
  settings.name = name;
  request.concept_template = object.String("template", "{}");
  if (request.concept_template.find("{}") == std::string::npos &&
      request.concept_template.find("{a}") == std::string::npos) {
    throw SettingError{"template",
                       "got \"" + request.concept_template +
                           "\", expected a text with {} (or {a}, with its "
                           "article) where the name goes"};
  }
  settings.prompts = OptionalStrings(object, "prompts");
  settings.mapping = OptionalStrings(object, "mapping");
  settings.surrogate = OptionalStrings(object, "surrogate");
  settings.anchors = OptionalStrings(object, "anchors");
  request.anchor_pool = OptionalStrings(object, "anchor_pool");
  if (settings.anchors.empty())
    request.num_anchors = Count(object, "num_anchors", 3, 1, 1000);
  if (settings.mapping.empty())
    request.num_mapping = Count(object, "num_mapping", 3, 1, 1000);
  request.published_filter = object.Bool("published_filter", false);
  settings.rank_map = Count(object, "rank_map", settings.rank_map, 1, 4096);
  settings.rank_target =
      Count(object, "rank_target", settings.rank_target, 0, 4096);
  settings.rank_gate = Count(object, "rank_gate", settings.rank_gate, 1, 4096);
  settings.tau = object.Number("tau", settings.tau);
  CheckRange("tau", settings.tau, 1e-6, 1e6);
  settings.eta = object.Number("eta", settings.eta);
  CheckRange("eta", settings.eta, -kMaxEta, kMaxEta);
  settings.statistics = ReadStatistics(object);
  settings.gate_start = object.Number(
      "gate_start", static_cast<double>(settings.statistics.window_start));
  if (const int64_t steps = settings.statistics.num_inference_steps;
      !(settings.gate_start >= 0 &&
        settings.gate_start <= static_cast<double>(steps))) {
    throw SettingError{"gate_start",
                       "got " + ShortNumber(settings.gate_start).dump() +
                           ", expected 0 to " + std::to_string(steps)};
  }
  if (ReadPlan(object) == "fast") UseFastPlan(settings);
  if (settings.prompts.empty()) {
    settings.prompts = {FillTemplate(request.concept_template, name)};
  }
  return request;
}

}  // namespace gloce
