#include "cli/build_plan.h"

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/join.h"
#include "cli/progress.h"
#include "erasure/concept_json.h"

namespace gloce {
namespace {

using nlohmann::json;

// Prompts with their similarity to the target, where they were chosen by it.
std::string PromptsText(const std::vector<std::string>& prompts,
                        const std::vector<SimilarName>& chosen) {
  std::vector<std::string> items = prompts;
  for (size_t i = 0; i < chosen.size(); ++i) {
    char similarity[16];
    std::snprintf(similarity, sizeof similarity, " (%.3f)",
                  chosen[i].similarity);
    items[i] += similarity;
  }
  return Join(items, " | ");
}

json Similarities(const std::vector<SimilarName>& chosen) {
  json similarities = json::array();
  for (const SimilarName& item : chosen)
    similarities.push_back(item.similarity);
  return similarities;
}

json ToJson(const BuildPlan& plan) {
  json document = {{"passes", plan.cost.calls()},
                   {"repeated_passes", plan.cost.repeated},
                   {"statistics_bytes", plan.bytes()},
                   {"seconds_per_pass", plan.cost.seconds_per_call},
                   {"seconds_estimate", plan.seconds()}};
  for (size_t i = 0; i < plan.concepts.size(); ++i) {
    json item = ConceptToJson({plan.concepts[i], 0, GLOCE_VERSION});
    item.erase("gate_start_timestep");  // the build computes it
    item["anchor_similarities"] = Similarities(plan.choices[i].anchors);
    item["mapping_similarities"] = Similarities(plan.choices[i].mapping);
    document["concepts"].push_back(std::move(item));
  }
  return document;
}

void PrintText(const BuildPlan& plan) {
  for (size_t i = 0; i < plan.concepts.size(); ++i) {
    const ConceptSettings& settings = plan.concepts[i];
    std::cout << settings.name << "\n  prompts    "
              << Join(settings.prompts, " | ") << "\n  mapping    "
              << PromptsText(settings.mapping, plan.choices[i].mapping)
              << "\n  surrogate  " << Join(settings.surrogate, " | ")
              << "\n  anchors    "
              << PromptsText(settings.anchors, plan.choices[i].anchors) << '\n';
  }
  char line[200];
  std::snprintf(line, sizeof line,
                "time: about %s here, at %.3g s a pass of one image\n"
                "memory: %.1f MiB of statistics beside the model\n",
                DurationText(plan.seconds()).c_str(),
                plan.cost.seconds_per_call,
                static_cast<double>(plan.bytes()) / (1 << 20));
  std::cout << "U-Net passes: " << plan.cost.targets
            << " for targets and surrogates, " << plan.cost.anchors
            << " for mappings and anchors\n";
  if (plan.cost.repeated > 0) {
    std::cout << "of these, " << plan.cost.repeated
              << " sample a target or surrogate again that is also an anchor: "
                 "more than memory keeps\n";
  }
  std::cout << line;
}

}  // namespace

void PrintPlan(const BuildPlan& plan, bool in_json) {
  if (in_json) {
    std::cout << ToJson(plan).dump(2) << '\n';
  } else {
    PrintText(plan);
  }
}

}  // namespace gloce
