// What `gloce build --dry-run` shows.
#pragma once

#include <cstdint>
#include <vector>

#include "erasure/concept_choice.h"
#include "gloce/erasure/fit.h"

namespace gloce {

// What a build would do.
struct BuildPlan {
  std::vector<ConceptSettings> concepts;
  std::vector<ConceptChoice> choices;  // one a concept
  FitCost cost;

  double seconds() const {
    return cost.seconds_per_call * static_cast<double>(cost.calls());
  }
  // Of statistics, beside the model.
  int64_t bytes() const { return cost.moment_bytes + cost.kept_bytes; }
};

// On stdout, as text or as one JSON document.
void PrintPlan(const BuildPlan& plan, bool in_json);

}  // namespace gloce
