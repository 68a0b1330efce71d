// Gates over all pictures of the folders.
#pragma once

#include <nlohmann/json.hpp>

#include "eval/evaluation.h"

namespace gloce {

// "gate_axes" and "gate_profile" of the report document (docs/formats.md), of
// the folders that have gate maps: where and when each concept's gate opened in
// pictures that ask for it, and in those that do not. Pictures with other
// layers or timesteps than the first are left out. Both are null if there are
// no maps. Throws Error if a file of maps is damaged.
struct GateProfiles {
  nlohmann::ordered_json axes;
  nlohmann::ordered_json profile;
};
GateProfiles ProfileGates(const Evaluation& evaluation);

}  // namespace gloce
