// The shipped program, unchanged, on the fake device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/run_program.h"

namespace gloce {

// The counters before one U-Net call (fake_device/step_log.cc).
struct UnetCall {
  double timestep;
  int64_t host_to_device, device_to_host, synchronisations;
};

struct DeviceLog {
  std::vector<UnetCall> calls;
  UnetCall exit;       // the counters at the end; timestep is unused
  int64_t live_bytes;  // at the end
  int64_t peak_bytes;  // the most there ever were

  // The calls of each run of the sampler, which begins where the timestep
  // rises.
  std::vector<std::vector<UnetCall>> Runs() const;
};

// Runs gloce with one thread (the CPU's last bits depend on their number) and
// expects success; with `device` "cpu" as users do, otherwise with the fake
// device loaded. `log` may be null.
void RunOn(const std::string& device, const std::string& arguments,
           DeviceLog* log = nullptr);

// The same on a fake device of so many bytes, whatever comes of it.
ProgramResult RunWithMemory(int64_t bytes, const std::string& arguments);

// Values (height · width · 3) of a PNG.
std::vector<uint8_t> ReadPixels(const std::string& path);

// Largest difference of two pictures' values; an error if their sizes differ.
int MaxDifference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b);

}  // namespace gloce
