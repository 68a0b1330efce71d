#include "cli/host_limits.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace gloce {
namespace {

namespace fs = std::filesystem;

// Version 1 says "no limit" with a number near 2^63.
constexpr int64_t kNoLimit = int64_t{1} << 60;

// The first word of a file as a number; nothing for "max" and what is not
// there.
std::optional<int64_t> ReadNumber(const fs::path& path) {
  std::ifstream file(path);
  int64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

// MemTotal and the like of /proc/meminfo, in bytes.
std::map<std::string, int64_t> ReadMeminfo(const fs::path& path) {
  std::map<std::string, int64_t> values;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    int64_t kibibytes = 0;
    if (words >> key >> kibibytes && key.ends_with(':'))
      values[key.substr(0, key.size() - 1)] = kibibytes * 1024;
  }
  return values;
}

// The process's group of each controller ("memory", "cpu"; "" for version 2),
// of lines like "4:cpu,cpuacct:/jobs/7".
std::map<std::string, std::string> ReadGroups(const fs::path& path) {
  std::map<std::string, std::string> groups;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == line.npos) continue;
    std::istringstream controllers(line.substr(first + 1, second - first - 1));
    const std::string group = line.substr(second + 1);
    std::string controller;
    do {
      std::getline(controllers, controller, ',');
      groups[controller] = group;
    } while (!controllers.eof());
  }
  return groups;
}

// Bytes of the file cache that would be given up first; they count as used.
int64_t ReadInactiveFile(const fs::path& path) {
  std::ifstream file(path);
  std::string key;
  int64_t bytes = 0, of_group = 0, of_tree = -1;  // only version 1 tells both
  while (file >> key >> bytes) {
    if (key == "inactive_file") of_group = bytes;
    if (key == "total_inactive_file") of_tree = bytes;
  }
  return of_tree >= 0 ? of_tree : of_group;
}

void AddMemoryLimit(const fs::path& group, const char* limit_file,
                    const char* usage_file, HostLimits& limits) {
  const std::optional<int64_t> limit = ReadNumber(group / limit_file);
  if (!limit || *limit >= kNoLimit) return;
  if (limits.memory_limit && *limits.memory_limit <= *limit) return;
  limits.memory_limit = limit;
  limits.memory_used =
      std::max<int64_t>(0, ReadNumber(group / usage_file).value_or(0) -
                               ReadInactiveFile(group / "memory.stat"));
}

void AddQuota(std::optional<int64_t> quota, std::optional<int64_t> period,
              HostLimits& limits) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return;
  const double processors =
      static_cast<double>(*quota) / static_cast<double>(*period);
  limits.processor_quota =
      std::min(processors, limits.processor_quota.value_or(processors));
}

// cpu.max of version 2: "<quota> <period>", in microseconds.
void AddCpuMax(const fs::path& group, HostLimits& limits) {
  std::ifstream file(group / "cpu.max");
  int64_t quota = 0, period = 0;
  if (file >> quota >> period) AddQuota(quota, period, limits);
}

// Calls `visit` for the folder of `group` and of each group around it. In a
// container the path may be the host's, of which only the mount's top is there.
template <typename Visit>
void ForEachGroup(const fs::path& mount, const std::string& group,
                  const Visit& visit) {
  fs::path path = fs::path(group).relative_path();
  while (!path.empty()) {
    visit(mount / path);
    path = path.parent_path();
  }
  visit(mount);
}

}  // namespace

int64_t HostLimits::memory_left() const {
  if (!memory_limit) return memory_available;
  return std::min(memory_available,
                  std::max<int64_t>(0, *memory_limit - memory_used));
}

HostLimits ReadHostLimits(const std::string& root) {
  HostLimits limits;
  auto meminfo = ReadMeminfo(root + "/proc/meminfo");
  limits.memory_total = meminfo["MemTotal"];
  limits.memory_available = meminfo["MemAvailable"];
  const fs::path mount = root + "/sys/fs/cgroup";
  for (const auto& [controller, group] :
       ReadGroups(root + "/proc/self/cgroup")) {
    if (controller.empty()) {
      ForEachGroup(mount, group, [&](const fs::path& path) {
        AddMemoryLimit(path, "memory.max", "memory.current", limits);
        AddCpuMax(path, limits);
      });
    } else if (controller == "memory") {
      ForEachGroup(mount / controller, group, [&](const fs::path& path) {
        AddMemoryLimit(path, "memory.limit_in_bytes", "memory.usage_in_bytes",
                       limits);
      });
    } else if (controller == "cpu") {
      ForEachGroup(mount / controller, group, [&](const fs::path& path) {
        AddQuota(ReadNumber(path / "cpu.cfs_quota_us"),
                 ReadNumber(path / "cpu.cfs_period_us"), limits);
      });
    }
  }
  return limits;
}

}  // namespace gloce
