// What became of each label that was asked for.
#pragma once

#include <nlohmann/json.hpp>

#include "eval/evaluation.h"

namespace gloce {

// One entry a label that a row asks for, in the detector's order; "concepts" of
// the report document (docs/formats.md).
nlohmann::ordered_json LabelTallies(const Evaluation& evaluation);

}  // namespace gloce
