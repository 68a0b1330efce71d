// Time and memory inside gloce::hook, seen from outside: whatever is installed
// there.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <cstdint>
#include <vector>

namespace gloce {

// Returns when the device has done all that it was given: at once on the CPU.
void WaitForDevice(c10::Device device);

// Watches the operator by LibTorch's own observers, which cost every operator
// of the process some 0.1 µs. One at a time. Where x lies on an accelerator,
// each call waits for it at its beginning and at its end, so that the time is
// that of the work and not of giving it out.
class HookTimer {
 public:
  // keep_inputs: also keep what the calls were given.
  explicit HookTimer(bool keep_inputs = false);
  ~HookTimer();
  HookTimer(const HookTimer&) = delete;
  HookTimer& operator=(const HookTimer&) = delete;

  // Of all calls since the last time, summed. Throws Error if there were none,
  // since then the operator was not measured.
  double TakeSeconds();

  // Most bytes that tensors inside one call took beyond what was allocated when
  // it began, the result included, of all calls since the last time. LibTorch's
  // allocators tell; a matrix library's own workspace is not among them. Only
  // calls on the thread that made this object count.
  int64_t TakePeakBytes();

  // The latest x (B, T, D) of each layer since the last time, by layer.
  std::vector<at::Tensor> TakeInputs();

 private:
  uint64_t handle_;
  c10::DebugInfoGuard memory_;
};

}  // namespace gloce
