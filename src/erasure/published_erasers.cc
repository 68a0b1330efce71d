#include "erasure/published_erasers.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "erasure/concept_json.h"
#include "erasure/layer_tensors.h"
#include "erasure/presets.h"
#include "gloce/base/error.h"
#include "gloce/diffusion/scheduler.h"
#include "gloce/erasure/concept_list.h"

namespace gloce {
namespace {

using nlohmann::json;

// The published programs know no other number.
constexpr int64_t kPublishedSteps = 50;

std::string NumberText(double value) { return json(value).dump(); }

// tau of a gate's slope k = ln 99 / (0.001 tau), to four decimals: the
// published code computes k in float32. Nothing if the layers' slopes differ.
std::optional<double> TauOf(const PublishedCheckpoint& checkpoint) {
  const double slope = checkpoint.layers[0].gate_slope.item<double>();
  for (const LayerErasers& layer : checkpoint.layers) {
    if (layer.gate_slope.item<double>() != slope) return std::nullopt;
  }
  const double tau = std::round(std::log(99.0) / (0.001 * slope) * 1e4) / 1e4;
  if (!(tau > 0) || !std::isfinite(tau)) return std::nullopt;
  return tau;
}

int64_t LargestRank(const PublishedCheckpoint& checkpoint,
                    at::Tensor LayerErasers::*tensor) {
  int64_t rank = 0;
  for (const LayerErasers& layer : checkpoint.layers)
    rank = std::max(rank, (layer.*tensor).size(2));
  return rank;
}

// Throws Error if the file says otherwise than the preset.
template <typename Number>
void CheckAgainstPreset(const char* key, Number in_file, Number in_preset,
                        const PublishedSettings& settings,
                        const std::string& path) {
  if (!settings.preset || in_file == in_preset) return;
  throw Error(path + ": " + key + ": the file's is " + json(in_file).dump() +
              ", but that of preset " + *settings.preset + " is " +
              json(in_preset).dump() +
              "; give the preset that it was built with, or only --eta and "
              "--gate-start");
}

// The concept with the settings of the preset and the options.
ConceptSettings AssumedSettings(const std::string& name,
                                const PublishedSettings& settings) {
  json options = json::object();
  if (settings.preset) options["preset"] = *settings.preset;
  if (settings.eta) options["eta"] = *settings.eta;
  if (settings.gate_start) options["gate_start"] = *settings.gate_start;
  return ReadConcepts({"", {name}, "", options.dump()})[0].settings;
}

ConceptInfo InfoOf(const PublishedCheckpoint& checkpoint,
                   const std::string& path, int64_t num_train_timesteps,
                   const PublishedSettings& settings) {
  ConceptInfo info;
  info.settings = AssumedSettings(checkpoint.name, settings);
  ConceptSettings& own = info.settings;
  info.gate_start_timestep = GateStartTimestep(
      num_train_timesteps, own.gate_start, own.statistics.num_inference_steps);
  info.tool_version =
      std::string("published checkpoint, converted by ") + GLOCE_VERSION;
  const int64_t rank_map = LargestRank(checkpoint, &LayerErasers::map_up);
  const int64_t rank_gate = LargestRank(checkpoint, &LayerErasers::gate_basis);
  const std::optional<double> tau = TauOf(checkpoint);
  CheckAgainstPreset("rank_map", rank_map, own.rank_map, settings, path);
  CheckAgainstPreset("rank_target", checkpoint.rank_target, own.rank_target,
                     settings, path);
  CheckAgainstPreset("rank_gate", rank_gate, own.rank_gate, settings, path);
  if (tau) CheckAgainstPreset("tau", *tau, own.tau, settings, path);
  own.rank_map = rank_map;
  own.rank_target = checkpoint.rank_target;
  own.rank_gate = rank_gate;
  if (tau) own.tau = *tau;
  for (const std::string key : kMayBeUnknown) {
    // Presets leave what depends on the name to a pool.
    const bool chosen = (key == "mapping" && !own.mapping.empty()) ||
                        (key == "anchors" && !own.anchors.empty());
    const bool open = key == "mapping" || key == "anchors";
    const bool known = key == "tau" ? tau.has_value()
                       : open       ? chosen
                                    : settings.preset.has_value();
    if (!known) info.unknown.push_back(key);
  }
  if (!settings.preset) own.prompts.clear();
  return info;
}

// A folder's name that the published code makes of the concept's.
std::string FolderName(const std::string& name) {
  const auto refuse = [&](const std::string& why) {
    throw Error("concept " + QuoteForMessage(name) +
                " cannot be written as a published checkpoint: " + why);
  };
  if (name.find(',') != std::string::npos)
    refuse("the published program splits names at commas");
  if (name.find('/') != std::string::npos ||
      name.find('\0') != std::string::npos || name == "." || name == "..") {
    refuse("its name would be a folder's, and that cannot be one");
  }
  std::string folder = name;
  std::replace(folder.begin(), folder.end(), ' ', '_');
  return folder;
}

// Calls of the published program's sampler before the noise level `timestep`.
int64_t StartOf(double timestep) {
  SchedulerConfig config;  // as Stable Diffusion 1.4 has it
  config.steps_offset = 1;
  config.skip_prk_steps = true;
  config.set_alpha_to_one = false;
  const auto scheduler = MakeScheduler("pndm", config);
  scheduler->SetTimesteps(kPublishedSteps);
  const auto& timesteps = scheduler->timesteps();
  return std::count_if(timesteps.begin(), timesteps.end(),
                       [&](double t) { return t > timestep; });
}

template <typename Number>
void CheckSame(const char* what, Number first, Number other,
               const ConceptInfo& a, const ConceptInfo& b) {
  if (first == other) return;
  throw Error(std::string("the published program takes one ") + what +
              " for all concepts: " + QuoteForMessage(a.settings.name) +
              " has " + json(first).dump() + ", " +
              QuoteForMessage(b.settings.name) + " has " + json(other).dump() +
              "; convert them into folders of their own with --only");
}

PublishedArguments ArgumentsFor(const Erasers& erasers) {
  const ConceptInfo& first = erasers.concepts[0];
  PublishedArguments arguments;
  arguments.rank_map = erasers.layers[0].map_up.size(2);
  arguments.rank_gate = erasers.layers[0].gate_basis.size(2);
  for (const LayerErasers& layer : erasers.layers) {
    if (layer.map_up.size(2) == arguments.rank_map &&
        layer.gate_basis.size(2) == arguments.rank_gate) {
      continue;
    }
    throw Error("the published program takes one rank for all layers: " +
                erasers.layers[0].path + " has map and gate of rank " +
                std::to_string(arguments.rank_map) + " and " +
                std::to_string(arguments.rank_gate) + ", " + layer.path +
                " of " + std::to_string(layer.map_up.size(2)) + " and " +
                std::to_string(layer.gate_basis.size(2)));
  }
  arguments.rank_target = first.settings.rank_target;
  arguments.eta = first.settings.eta;
  arguments.start = StartOf(first.gate_start_timestep);
  for (const ConceptInfo& info : erasers.concepts) {
    CheckSame("rank of the target (r2)", arguments.rank_target,
              info.settings.rank_target, first, info);
    CheckSame("eta", arguments.eta, info.settings.eta, first, info);
    CheckSame("first gated call", arguments.start,
              StartOf(info.gate_start_timestep), first, info);
  }
  return arguments;
}

}  // namespace

std::vector<std::string> PublishedArguments::CommandLine() const {
  return {"--find_module_name",
          "unet_ca_out",
          "--degen_rank",
          std::to_string(rank_map),
          "--update_rank",
          std::to_string(rank_target),
          "--gate_rank",
          std::to_string(rank_gate),
          "--eta",
          NumberText(eta),
          "--st_timestep",
          std::to_string(start)};
}

Erasers ErasersFromPublished(
    const std::vector<PublishedCheckpoint>& checkpoints,
    const std::vector<std::string>& paths, const BundleManifest& manifest,
    const PublishedSettings& settings) {
  const int64_t num_train_timesteps =
      SchedulerConfig::FromJson(manifest.scheduler_json, "bundle.json")
          .num_train_timesteps;
  std::map<std::string, std::string> path_of;
  std::vector<Erasers> erasers;
  for (size_t i = 0; i < checkpoints.size(); ++i) {
    const PublishedCheckpoint& checkpoint = checkpoints[i];
    const auto [it, fresh] = path_of.emplace(checkpoint.name, paths[i]);
    if (!fresh) {
      throw Error(paths[i] + ": concept " + QuoteForMessage(checkpoint.name) +
                  " is also in " + it->second);
    }
    erasers.push_back(
        {manifest.model_identity,
         {InfoOf(checkpoint, paths[i], num_train_timesteps, settings)},
         checkpoint.layers});
  }
  return MergeErasers(erasers);
}

PublishedErasers PublishedFromErasers(const Erasers& erasers) {
  PublishedErasers published;
  published.arguments = ArgumentsFor(erasers);
  std::map<std::string, std::string> name_of;
  for (size_t n = 0; n < erasers.concepts.size(); ++n) {
    const std::string& name = erasers.concepts[n].settings.name;
    const std::string folder = FolderName(name);
    const auto [it, fresh] = name_of.emplace(folder, name);
    if (!fresh) {
      throw Error("concepts " + QuoteForMessage(it->second) + " and " +
                  QuoteForMessage(name) + " would share the folder " + folder);
    }
    PublishedCheckpoint checkpoint{name, published.arguments.rank_target, {}};
    for (const LayerErasers& layer : erasers.layers) {
      LayerErasers own{layer.path, layer.width, {}, {}, {}, {}, {}, {}, {}, {}};
      for (const LayerTensor& spec : kLayerTensors) {
        own.*spec.tensor =
            (layer.*spec.tensor).narrow(0, static_cast<int64_t>(n), 1);
      }
      checkpoint.layers.push_back(std::move(own));
    }
    published.folders.push_back(folder);
    published.checkpoints.push_back(std::move(checkpoint));
  }
  return published;
}

}  // namespace gloce
