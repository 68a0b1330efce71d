// ConceptInfo as JSON, for the metadata of erasers files and for `gloce
// inspect`.
#pragma once

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

// Settings that ConceptInfo::unknown may list, in order: all that play no part
// once the erasers are there.
inline constexpr const char* kMayBeUnknown[] = {
    "prompts", "mapping",  "surrogate", "anchors",   "tau",       "scheduler",
    "steps",   "guidance", "window",    "num_seeds", "gate_start"};

// Settings that are not known are null.
nlohmann::json ConceptToJson(const ConceptInfo& info);

// Reads "window", [start, end], into `statistics`. Throws Error.
void ReadWindow(JsonObject& object, StatisticsSettings& statistics);

// Throws Error naming the key.
ConceptInfo ConceptFromJson(JsonObject object);

}  // namespace gloce
