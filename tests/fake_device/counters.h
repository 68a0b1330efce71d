// What programs did on the fake device: numbers that a real accelerator would
// make one pay for. Part of the test-only backend, see docs/architecture.md.
#pragma once

#include <cstdint>

namespace gloce::fake_device {

struct Counters {
  int64_t host_to_device = 0;  // copies that the program asked for
  int64_t device_to_host = 0;  // likewise; each one also waits for the device
  // .item(), operators whose CUDA kernel reads a result back, and explicit
  // waits for a stream or a device.
  int64_t synchronisations = 0;
  int64_t tf32_products = 0;  // matrix products in float32 that may use TF32
  int64_t live_bytes = 0;     // allocated on all fake devices now
  int64_t peak_bytes = 0;     // most since the last ForgetPeak
};

Counters GetCounters();

// From now on peak_bytes counts from what is alive.
void ForgetPeak();

void CountHostToDevice();
void CountDeviceToHost();
void CountSynchronisation();
void CountTf32Product();
// `bytes` > 0 were allocated, or -`bytes` freed.
void CountMemory(int64_t bytes);

}  // namespace gloce::fake_device
