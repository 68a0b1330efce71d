#include "fake_device/counters.h"

#include <algorithm>
#include <mutex>

namespace gloce::fake_device {
namespace {

std::mutex mutex;
Counters counters;

}  // namespace

Counters GetCounters() {
  const std::lock_guard lock(mutex);
  return counters;
}

void ForgetPeak() {
  const std::lock_guard lock(mutex);
  counters.peak_bytes = counters.live_bytes;
}

void CountHostToDevice() {
  const std::lock_guard lock(mutex);
  ++counters.host_to_device;
}

void CountDeviceToHost() {
  const std::lock_guard lock(mutex);
  ++counters.device_to_host;
}

void CountSynchronisation() {
  const std::lock_guard lock(mutex);
  ++counters.synchronisations;
}

void CountTf32Product() {
  const std::lock_guard lock(mutex);
  ++counters.tf32_products;
}

void CountMemory(int64_t bytes) {
  const std::lock_guard lock(mutex);
  counters.live_bytes += bytes;
  counters.peak_bytes = std::max(counters.peak_bytes, counters.live_bytes);
}

}  // namespace gloce::fake_device
