#include "batch/job_folders.h"

#include <set>
#include <system_error>

#include "base/file.h"

namespace gloce {

namespace fs = std::filesystem;

void RemoveStaleTemporariesOf(const std::string& out,
                              const std::vector<std::string>& files) {
  std::set<std::string> folders = {out};
  for (const std::string& file : files) {
    folders.insert((fs::path(out) / file).parent_path());
    folders.insert((fs::path(out) / "gates" / file).parent_path());
  }
  for (const std::string& folder : folders) {
    std::error_code unreadable;  // which the first write will report
    if (fs::is_directory(folder, unreadable)) RemoveStaleTemporaries(folder);
  }
}

std::vector<fs::path> MissingFolders(const std::string& folder) {
  std::vector<fs::path> missing;
  std::error_code unreadable;  // which making it will report
  for (fs::path path = fs::path(folder).lexically_normal();
       !path.empty() && !fs::exists(path, unreadable) && !unreadable;
       path = path.parent_path()) {
    if (path.has_filename()) missing.push_back(path);
  }
  return missing;
}

}  // namespace gloce
