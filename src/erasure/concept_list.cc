#include "gloce/erasure/concept_list.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "erasure/concept_request.h"
#include "erasure/presets.h"
#include "gloce/base/error.h"
#include "text/unicode.h"

namespace gloce {
namespace {

using nlohmann::json;

// Keys that answer the same question: a stronger source that gives the first
// replaces the second. Anchors leave the pool, which the mapping may need.
constexpr const char* kReplaces[][2] = {{"mapping", "num_mapping"},
                                        {"num_mapping", "mapping"},
                                        {"anchors", "num_anchors"},
                                        {"num_anchors", "anchors"},
                                        {"anchor_pool", "anchors"}};

const std::set<std::string>& SettingKeys() {
  static const auto* const keys = new std::set<std::string>{
      "template",    "anchor_pool", "num_anchors",
      "num_mapping", "prompts",     "mapping",
      "surrogate",   "anchors",     "rank_map",
      "rank_target", "rank_gate",   "tau",
      "eta",         "scheduler",   "steps",
      "guidance",    "window",      "num_seeds",
      "gate_start",  "preset",      "published_filter",
      "plan"};
  return *keys;
}

// Settings of one source, with the place that messages about them name.
struct Layer {
  json settings = json::object();
  std::string place;
  std::string folder;  // relative anchor pools start here
};

std::vector<std::string> ReadLines(const std::string& text) {
  std::vector<std::string> lines;
  size_t start = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  while (start < text.size()) {
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string line = text.substr(start, end - start);
    const auto first = line.find_first_not_of(" \t\r");
    if (first != std::string::npos) {
      lines.push_back(
          line.substr(first, line.find_last_not_of(" \t\r") - first + 1));
    }
    start = end + 1;
  }
  return lines;
}

// A pool that names a file becomes its lines: presets' pools are in the
// program, others on disk beside the file that names them.
void LoadPool(Layer& layer, bool embedded) {
  const auto pool = layer.settings.find("anchor_pool");
  if (pool == layer.settings.end() || !pool->is_string()) return;
  const auto name = pool->get<std::string>();
  const std::string path =
      (std::filesystem::path(layer.folder) / name).string();
  const auto names = ReadLines(embedded ? PresetFile(name) : ReadFile(path));
  if (names.empty()) throw Error(path + ": this anchor pool holds no name");
  for (const std::string& entry : names) {
    if (FindInvalidUtf8(entry) != std::string::npos)
      throw Error(path + ": a name is not valid UTF-8");
  }
  *pool = names;
}

void Merge(json& into, const json& layer) {
  for (const auto& [key, replaced] : kReplaces) {
    if (layer.contains(key)) into.erase(replaced);
  }
  into.update(layer);
}

void CheckKeys(const Layer& layer, const std::set<std::string>& also_allowed) {
  JsonObject object(layer.settings, layer.place);
  for (const std::string& key : SettingKeys()) object.Allow(key);
  for (const std::string& key : also_allowed) object.Allow(key);
  object.Finish();
}

// The list's global settings, and its concepts: a name alone or an object with
// settings of its own.
std::vector<std::pair<std::string, Layer>> ReadList(const std::string& path,
                                                    Layer& global) {
  std::vector<std::pair<std::string, Layer>> concepts;
  const std::string text = ReadFile(path);
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const auto first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  const bool is_json = path.ends_with(".json") ||
                       (first != std::string::npos && text[first] == '{');
  if (!is_json) {
    for (const std::string& name : ReadLines(text))
      concepts.emplace_back(name, Layer{});
    return concepts;
  }
  global = {ParseJson(text, path), path, folder};
  CheckKeys(global, {"concepts"});
  JsonObject object(global.settings, path);
  for (const json& item : object.Array("concepts")) {
    const std::string place =
        path + ": concepts[" + std::to_string(concepts.size()) + "]";
    if (item.is_string()) {
      concepts.emplace_back(item.get<std::string>(), Layer{});
      continue;
    }
    Layer own{item, place, folder};
    CheckKeys(own, {"name"});
    const std::string name = JsonObject(item, place).String("name");
    own.settings.erase("name");
    own.place += " (" + name + ")";
    concepts.emplace_back(name, std::move(own));
  }
  global.settings.erase("concepts");
  return concepts;
}

// What a bundle's defaults hold beyond build settings: the demo's groups and
// names.
const std::set<std::string>& BundleOnlyKeys() {
  static const auto* const keys =
      new std::set<std::string>{"groups", "concepts", "styles"};
  return *keys;
}

// "rank_map" -> "--rank-map".
std::string OptionOf(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return "--" + key;
}

Layer BundleLayer(const std::string& defaults_json) {
  Layer layer{ParseJson(defaults_json.empty() ? "{}" : defaults_json,
                        "bundle.json: defaults"),
              "bundle.json: defaults", ""};
  CheckKeys(layer, BundleOnlyKeys());
  for (const std::string& key : BundleOnlyKeys()) layer.settings.erase(key);
  if (const auto pool = layer.settings.find("anchor_pool");
      pool != layer.settings.end() && pool->is_string()) {
    throw Error(layer.place +
                ": anchor_pool: a bundle may not name a file; list the names");
  }
  return layer;
}

json ReadPreset(const std::string& name) {
  return ParseJson(PresetFile(name + ".json"), "preset " + name);
}

Layer PresetLayer(const std::string& name) {
  Layer layer{ReadPreset(name), "preset " + name, ""};
  CheckKeys(layer, {"concepts"});
  layer.settings.erase("concepts");
  LoadPool(layer, /*embedded=*/true);
  return layer;
}

// The settings of presets, each read once, whatever uses it.
class Presets {
 public:
  // Of the preset that `settings` name; nothing if they name none.
  const json& Of(const json& settings) {
    static const json nothing = json::object();
    const auto preset = settings.find("preset");
    if (preset == settings.end()) return nothing;
    if (!preset->is_string()) throw Error("preset: expected a name");
    const auto name = preset->get<std::string>();
    auto [it, fresh] = read_.try_emplace(name);
    if (fresh) it->second = PresetLayer(name).settings;
    return it->second;
  }

 private:
  std::map<std::string, json> read_;
};

// Says where the setting was given: by an option, which is wrong usage, by one
// of `files`, or by a preset.
[[noreturn]] void Report(const SettingError& error, const std::string& place,
                         const Layer& command_line,
                         const std::vector<const Layer*>& files) {
  if (command_line.settings.contains(error.key)) {
    throw UsageError(OptionOf(error.key) + ": " + error.what());
  }
  for (const Layer* layer : files) {
    if (layer->settings.contains(error.key)) {
      throw Error(layer->place + ": " + error.key + ": " + error.what());
    }
  }
  throw UsageError(place + ": " + error.key + ": " + error.what() +
                   "; the preset has it so, change it with " +
                   OptionOf(error.key));
}

// Throws SettingError for a scheduler of `chosen`, which holds what was asked
// for and not what presets and bundle bring, if the plan would replace it.
void CheckPlan(const json& merged, const json& chosen) {
  const auto scheduler = chosen.find("scheduler");
  if (scheduler == chosen.end() || merged.value("plan", "") != "fast") return;
  throw SettingError{"scheduler",
                     "got " + scheduler->dump() +
                         " beside the plan \"fast\", which samples "
                         "by its own; leave one of them out"};
}

// Adds a concept's name to `names`. It comes from the file `list_path`, or from
// --erase if that is empty.
void CheckName(const std::string& name, std::set<std::string>& names,
               const std::string& list_path) {
  std::string message;
  if (name.empty()) {
    message = "a concept has no name";
  } else if (FindInvalidUtf8(name) != std::string::npos) {
    message = "a concept's name is not valid UTF-8";
  } else if (!names.insert(name).second) {
    message = "concept \"" + name + "\" appears twice";
  }
  if (message.empty()) return;
  if (list_path.empty()) throw UsageError("--erase: " + message);
  throw Error(list_path + ": " + message);
}

// The concepts that a preset was published with, which it erases where no
// others are named.
std::vector<std::string> PresetConcepts(const json& settings) {
  const auto preset = settings.find("preset");
  if (preset == settings.end()) return {};
  const json file = ReadPreset(preset->get<std::string>());
  return file.value("concepts", std::vector<std::string>());
}

}  // namespace

std::string FillTemplate(const std::string& concept_template,
                         const std::string& name) {
  std::string filled;
  for (size_t i = 0; i < concept_template.size(); ++i) {
    if (concept_template.compare(i, 2, "{}") == 0) {
      filled += name;
      i += 1;
    } else if (concept_template.compare(i, 3, "{a}") == 0) {
      // "an" by the first letter's sound, for the common exceptions.
      const bool vowel = std::string("aeiouAEIOU").find(name.substr(0, 1)) !=
                         std::string::npos;
      const bool consonant_sound =
          name.starts_with("uni") || name.starts_with("eu") ||
          name.starts_with("one") || name.starts_with("use");
      filled +=
          (vowel && !name.empty() && !consonant_sound ? "an " : "a ") + name;
      i += 2;
    } else {
      filled += concept_template[i];
    }
  }
  return filled;
}

std::vector<ConceptRequest> ReadConcepts(const ConceptSources& sources) {
  Layer bundle = BundleLayer(sources.bundle_defaults_json);
  Layer command_line{
      ParseJson(
          sources.command_line_json.empty() ? "{}" : sources.command_line_json,
          "options"),
      "options", "."};
  Layer global;
  std::vector<std::pair<std::string, Layer>> concepts;
  if (!sources.list_path.empty()) {
    concepts = ReadList(sources.list_path, global);
  } else {
    for (const std::string& name : sources.erase.empty()
                                       ? PresetConcepts(command_line.settings)
                                       : sources.erase) {
      concepts.emplace_back(name, Layer{});
    }
  }
  if (concepts.empty()) {
    if (!sources.list_path.empty()) {
      throw Error(sources.list_path + ": names no concept");
    }
    throw UsageError(
        "no concept to erase; give --erase NAME or --concepts FILE");
  }
  for (Layer* layer : {&global, &command_line})
    LoadPool(*layer, /*embedded=*/false);

  std::vector<ConceptRequest> requests;
  std::set<std::string> names;
  Presets presets;
  for (auto& [name, own] : concepts) {
    CheckName(name, names, sources.list_path);
    LoadPool(own, /*embedded=*/false);
    json strong = json::object();
    for (const Layer* layer : {&global, &own, &command_line}) {
      Merge(strong, layer->settings);
    }
    // Whoever names a preset means it, whatever the bundle brings.
    json merged = presets.Of(bundle.settings);
    Merge(merged, bundle.settings);
    Merge(merged, presets.Of(strong));
    Merge(merged, strong);
    const std::string place = "concept \"" + name + "\"";
    try {
      requests.push_back(ToRequest(name, merged, place));
      CheckPlan(merged, strong);
    } catch (const SettingError& error) {
      Report(error, place, command_line, {&own, &global, &bundle});
    }
  }
  return requests;
}

}  // namespace gloce
