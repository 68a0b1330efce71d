#include "cli/doctor_machine.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <sched.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/join.h"
#include "bundle/torch_error.h"
#include "cli/host_limits.h"
#include "cli/processor.h"
#include "cli/room.h"

namespace gloce {
namespace {

using nlohmann::json;

constexpr int64_t kLittleRoom = int64_t{1} << 30;

std::string Compiler() {
#if defined(__clang__)
  return "clang " + std::to_string(__clang_major__) + "." +
         std::to_string(__clang_minor__);
#else
  return "gcc " + std::to_string(__GNUC__) + "." +
         std::to_string(__GNUC_MINOR__);
#endif
}

// "13.2"; "" for a LibTorch without CUDA.
std::string CudaVersion() {
  try {
    const int64_t version = at::detail::getCUDAHooks().versionCUDART();
    return std::to_string(version / 1000) + "." +
           std::to_string(version % 1000 / 10);
  } catch (const std::exception&) {
    return "";
  }
}

Finding CheckVersions() {
  const std::string cuda = CudaVersion();
  Finding finding{"versions"};
  finding.message = std::string("gloce ") + GLOCE_VERSION + ", LibTorch " +
                    TORCH_VERSION + (cuda.empty() ? "" : " with CUDA " + cuda) +
                    ", " + Compiler();
  finding.values = {{"gloce", GLOCE_VERSION},
                    {"libtorch", TORCH_VERSION},
                    {"cuda", cuda.empty() ? json() : json(cuda)},
                    {"compiler", Compiler()}};
  return finding;
}

Finding CheckProcessor() {
  const std::string capability = at::get_cpu_capability();
  const std::vector<std::string> bfloat16 = Bfloat16Extensions();
  Finding finding{"processor"};
  finding.message = "kernels for " + capability + "; bfloat16 " +
                    (bfloat16.empty() ? "without instructions of its own"
                                      : "by " + Join(bfloat16));
  if (capability == "DEFAULT") {
    finding.health = Health::kWarning;
    finding.advice =
        "without AVX2 networks are slow; is ATEN_CPU_CAPABILITY set?";
  }
  finding.values = {{"capability", capability}, {"bfloat16", bfloat16}};
  return finding;
}

// "cuda:0 (60.1 GiB free of 79.2 GiB)", or without the bytes where the backend
// does not tell them.
std::string DescribeDevice(const c10::Device& device, json& values) {
  json value = {{"name", device.str()}};
  std::string text = device.str();
  try {
    const auto [free, total] = at::accelerator::getMemoryInfo(device.index());
    value["bytes_free"] = free;
    value["bytes_total"] = total;
    text += " (" + SizeText(static_cast<int64_t>(free)) + " free of " +
            SizeText(static_cast<int64_t>(total)) + ")";
  } catch (const std::exception&) {
    // not known
  }
  values.push_back(std::move(value));
  return text;
}

Finding CheckDevices() {
  Finding finding{"devices"};
  std::vector<std::string> names = {"cpu"};
  json devices = json::array({{{"name", "cpu"}}});
  const auto accelerator = at::getAccelerator();
  const c10::DeviceIndex count = at::accelerator::deviceCount();
  for (c10::DeviceIndex i = 0; i < count; ++i)
    names.push_back(DescribeDevice({*accelerator, i}, devices));
  finding.message = Join(names);
  finding.values = {{"devices", devices}};
  if (count == 0 && std::filesystem::exists("/dev/nvidia0")) {
    finding.health = Health::kWarning;
    finding.message += "; there is an NVIDIA GPU, but LibTorch cannot use it";
    finding.advice =
        CudaVersion().empty()
            ? "this LibTorch is without CUDA; install one that has it"
            : "is the driver old, or CUDA_VISIBLE_DEVICES empty?";
  }
  return finding;
}

// Processors that the process may run on.
int AffinityCount() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return static_cast<int>(std::thread::hardware_concurrency());
  return CPU_COUNT(&set);
}

Finding CheckThreads(const HostLimits& limits) {
  const int threads = at::get_num_threads();
  const int processors = AffinityCount();
  const char* const omp = std::getenv("OMP_NUM_THREADS");
  Finding finding{"threads"};
  finding.message = std::to_string(threads) + " on " +
                    std::to_string(processors) +
                    (processors == 1 ? " processor" : " processors");
  finding.values = {{"threads", threads},
                    {"processors", processors},
                    {"processor_quota", nullptr},
                    {"omp_num_threads", nullptr}};
  int usable = processors;
  if (limits.processor_quota) {
    char text[64];
    std::snprintf(text, sizeof text, ", of which a control group allows %.3g",
                  *limits.processor_quota);
    finding.message += text;
    finding.values["processor_quota"] = *limits.processor_quota;
    usable =
        std::min(usable, static_cast<int>(std::ceil(*limits.processor_quota)));
  }
  if (omp != nullptr) {
    finding.message += ", OMP_NUM_THREADS=" + std::string(omp);
    finding.values["omp_num_threads"] = omp;
  }
  if (threads > usable) {
    finding.health = Health::kWarning;
    finding.advice =
        "more threads than processors wait for each other; set "
        "OMP_NUM_THREADS=" +
        std::to_string(usable);
  }
  return finding;
}

Finding CheckMemory(const HostLimits& limits) {
  Finding finding{"memory"};
  finding.message = SizeText(limits.memory_available) + " available of " +
                    SizeText(limits.memory_total);
  finding.values = {{"bytes_total", limits.memory_total},
                    {"bytes_available", limits.memory_available},
                    {"bytes_limit", nullptr},
                    {"bytes_left", limits.memory_left()}};
  if (limits.memory_limit) {
    finding.message += ", a control group allows " +
                       SizeText(*limits.memory_limit) + ", " +
                       SizeText(limits.memory_used) + " in use";
    finding.values["bytes_limit"] = *limits.memory_limit;
  }
  if (limits.memory_left() < kLittleRoom) {
    finding.health = Health::kWarning;
    finding.advice = "end other programs, or raise the job's limit";
  }
  return finding;
}

Finding CheckDisk() {
  Finding finding{"disk"};
  std::error_code gone;
  const std::string folder = std::filesystem::current_path(gone).string();
  if (gone) {
    finding.health = Health::kWarning;
    finding.message = "the current folder is not there any more";
    finding.advice = "change to another one";
    return finding;
  }
  const int64_t free = FreeBytes(folder);
  finding.message = SizeText(free) + " free in " + folder;
  finding.values = {{"folder", folder}, {"bytes_free", free}};
  if (free < kLittleRoom) {
    finding.health = Health::kWarning;
    finding.advice = "make room, or let --out name another disk";
  }
  return finding;
}

}  // namespace

Findings CheckMachine() {
  const HostLimits limits = ReadHostLimits();
  return {CheckVersions(),      CheckProcessor(),    CheckDevices(),
          CheckThreads(limits), CheckMemory(limits), CheckDisk()};
}

}  // namespace gloce
