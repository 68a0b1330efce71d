// A concept's settings, joined from all sources, checked.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "gloce/erasure/concept_list.h"

namespace gloce {

// A setting out of range. ReadConcepts adds where it was given.
struct SettingError : std::runtime_error {
  SettingError(std::string setting, const std::string& message)
      : std::runtime_error(message), key(std::move(setting)) {}

  std::string key;
};

// The request that the settings make, with the defaults of those that are
// absent; keys are taken to be known. Throws SettingError for a value out of
// range, Error naming `place` and key for one of a wrong type.
ConceptRequest ToRequest(const std::string& name, const nlohmann::json& merged,
                         const std::string& place);

}  // namespace gloce
