#include "cli/room.h"

#include <cstdio>
#include <filesystem>

namespace gloce {

int64_t FreeBytes(const std::string& folder) {
  std::filesystem::path path = std::filesystem::absolute(folder);
  while (!std::filesystem::exists(path) && path.has_relative_path()) {
    path = path.parent_path();
  }
  return static_cast<int64_t>(std::filesystem::space(path).available);
}

std::string SizeText(int64_t bytes) {
  const char* unit = "KiB";
  double value = static_cast<double>(bytes) / 1024;
  for (const char* larger : {"MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", value, unit);
  return text;
}

}  // namespace gloce
