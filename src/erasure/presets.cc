#include "erasure/presets.h"

#include <map>
#include <string_view>

#include "base/join.h"
#include "gloce/base/error.h"

namespace gloce {

// Written by cmake/embed_presets.cmake.
extern const std::map<std::string, std::string_view>& EmbeddedPresetFiles();

std::vector<std::string> PresetNames() {
  std::vector<std::string> names;
  for (const auto& [name, content] : EmbeddedPresetFiles()) {
    if (name.ends_with(".json"))
      names.push_back(name.substr(0, name.size() - 5));
  }
  return names;
}

std::string PresetFile(const std::string& name) {
  const auto& files = EmbeddedPresetFiles();
  const auto found = files.find(name);
  if (found != files.end()) return std::string(found->second);
  throw UsageError("preset: got \"" + name.substr(0, name.rfind('.')) +
                   "\", expected one of: " + Join(PresetNames()));
}

}  // namespace gloce
