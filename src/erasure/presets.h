// The presets of configs/build/, which the build puts into the program.
#pragma once

#include <string>
#include <vector>

namespace gloce {

// Names of the presets: "celebrity", "demo", "explicit", "style".
std::vector<std::string> PresetNames();

// A file of configs/build/ by its name ("style.json", "artists_pool.txt").
// Throws UsageError that lists the presets if there is none.
std::string PresetFile(const std::string& name);

}  // namespace gloce
