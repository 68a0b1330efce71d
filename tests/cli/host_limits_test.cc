#include "cli/host_limits.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

constexpr int64_t kMebibyte = 1 << 20;

// A machine as Linux describes it.
class HostLimitsTest : public testing::Test {
 protected:
  HostLimitsTest() {
    Write("proc/meminfo",
          "MemTotal:       16777216 kB\nMemFree:         1048576 kB\n"
          "MemAvailable:    8388608 kB\nHugePages_Total:       0\n");
  }

  void Write(const std::string& path, const std::string& text) {
    const std::string full = folder_ / path;
    MakeFolders(full.substr(0, full.rfind('/')));
    WriteFileAtomically(full, text);
  }
  HostLimits Read() { return ReadHostLimits(folder_.path()); }

  TemporaryFolder folder_;
};

TEST_F(HostLimitsTest, ReadsAMachineWithoutGroups) {
  const HostLimits limits = Read();
  EXPECT_EQ(limits.memory_total, 16384 * kMebibyte);
  EXPECT_EQ(limits.memory_left(), 8192 * kMebibyte);
  EXPECT_FALSE(limits.memory_limit);
  EXPECT_FALSE(limits.processor_quota);
}

TEST_F(HostLimitsTest, TakesTheTightestGroupOfVersion2) {
  Write("proc/self/cgroup", "0::/slurm/job_7\n");
  Write("sys/fs/cgroup/slurm/memory.max", "2147483648\n");
  Write("sys/fs/cgroup/slurm/memory.current", "1610612736\n");
  Write("sys/fs/cgroup/slurm/memory.stat",
        "anon 1073741824\ninactive_file 536870912\n");
  Write("sys/fs/cgroup/slurm/cpu.max", "800000 100000\n");
  Write("sys/fs/cgroup/slurm/job_7/memory.max", "max\n");
  Write("sys/fs/cgroup/slurm/job_7/cpu.max", "150000 100000\n");
  Write("sys/fs/cgroup/cpu.max", "max 100000\n");
  const HostLimits limits = Read();
  EXPECT_EQ(limits.memory_limit, 2048 * kMebibyte);
  EXPECT_EQ(limits.memory_used, 1024 * kMebibyte);
  EXPECT_EQ(limits.memory_left(), 1024 * kMebibyte);
  EXPECT_EQ(limits.processor_quota, 1.5);
}

TEST_F(HostLimitsTest, ReadsVersion1InAContainer) {
  // The path is the host's; the container sees the top of the mount alone.
  Write("proc/self/cgroup",
        "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n");
  Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
  Write("sys/fs/cgroup/memory/memory.usage_in_bytes", "805306368\n");
  Write("sys/fs/cgroup/memory/memory.stat",
        "inactive_file 0\ntotal_inactive_file 268435456\n");
  Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  const HostLimits limits = Read();
  EXPECT_EQ(limits.memory_left(), 512 * kMebibyte);
  EXPECT_EQ(limits.processor_quota, 2.0);
}

TEST_F(HostLimitsTest, NoLimitIsNone) {
  Write("proc/self/cgroup", "4:memory:/\n3:cpu:/\n");
  Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_FALSE(Read().memory_limit);
  EXPECT_FALSE(Read().processor_quota);
}

}  // namespace
}  // namespace gloce
