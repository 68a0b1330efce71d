// The folders that a job writes to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gloce {

// Removes what a killed process left in every folder that a job with these
// pictures, paths within `out`, writes to. Throws Error if one cannot be
// listed.
void RemoveStaleTemporariesOf(const std::string& out,
                              const std::vector<std::string>& files);

// `folder` and those above it that do not exist yet, inner ones first.
std::vector<std::filesystem::path> MissingFolders(const std::string& folder);

}  // namespace gloce
