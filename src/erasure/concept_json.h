// ConceptInfo as JSON, for the metadata of erasers files and for `gloce
// inspect`.
#pragma once

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

nlohmann::json ConceptToJson(const ConceptInfo& info);

// Throws Error naming the key.
ConceptInfo ConceptFromJson(JsonObject object);

}  // namespace gloce
