// What Linux lets this process have of the machine's processors and memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace gloce {

struct HostLimits {
  int64_t memory_total = 0;      // bytes of the machine
  int64_t memory_available = 0;  // of these, what could be had now
  // Of the tightest control group that the process is in: bytes that it may
  // have, and has, without cache that would be given up.
  std::optional<int64_t> memory_limit;
  int64_t memory_used = 0;
  // Processors' worth of time that control groups allow.
  std::optional<double> processor_quota;

  // What could be had now, whatever limits it.
  int64_t memory_left() const;
};

// Reads /proc and /sys/fs/cgroup, versions 1 and 2, below `root`. What cannot
// be read stays open, or 0.
HostLimits ReadHostLimits(const std::string& root = "");

}  // namespace gloce
