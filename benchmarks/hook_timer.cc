#include "hook_timer.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/record_function.h>
#include <c10/core/Allocator.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "base/stopwatch.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// LibTorch takes plain functions, so what they find is kept here.
double seconds = 0;
int64_t calls = 0;
bool keep_inputs = false;
std::vector<at::Tensor> inputs;
bool inside = false;
int64_t bytes = 0;  // allocated in this call and not freed
int64_t peak_bytes = 0;

// Hears of every allocation of the thread that it is installed on.
struct MemoryReports : c10::MemoryReportingInfoBase {
  void reportMemoryUsage(void* /*pointer*/, int64_t size, size_t /*allocated*/,
                         size_t /*reserved*/, c10::Device /*device*/) override {
    if (!inside) return;
    bytes += size;
    peak_bytes = std::max(peak_bytes, bytes);
  }
  bool memoryProfilingEnabled() const override { return true; }
};

struct Start : at::ObserverContext {
  explicit Start(c10::Device where) : device(where) {}
  const c10::Device device;
  Stopwatch watch;  // begins when the device is done with what was before
};

bool IsHook(const at::RecordFunction& function) {
  return std::strcmp(function.name(), "gloce::hook") == 0;
}

std::unique_ptr<at::ObserverContext> OnStart(
    const at::RecordFunction& function) {
  if (!IsHook(function)) return nullptr;
  const auto values = function.inputs();  // x, slot, layer
  const at::Tensor& x = values[0].toTensor();
  if (keep_inputs) {
    const auto layer = static_cast<size_t>(values[2].toInt());
    if (inputs.size() <= layer) inputs.resize(layer + 1);
    inputs[layer] = x.clone();
  }
  auto start = std::make_unique<Start>(x.device());
  WaitForDevice(start->device);
  inside = true;
  bytes = 0;
  start->watch = Stopwatch();
  return start;
}

void OnEnd(const at::RecordFunction& /*function*/,
           at::ObserverContext* context) {
  if (context == nullptr) return;
  const auto* start = static_cast<const Start*>(context);
  WaitForDevice(start->device);
  seconds += start->watch.Seconds();
  ++calls;
  inside = false;
}

}  // namespace

void WaitForDevice(c10::Device device) {
  if (!device.is_cpu()) at::accelerator::synchronizeDevice(device.index());
}

HookTimer::HookTimer(bool keep)
    : handle_(at::addGlobalCallback(at::RecordFunctionCallback(OnStart, OnEnd)
                                        .needsInputs(true)
                                        .scopes({at::RecordScope::FUNCTION}))),
      memory_(c10::DebugInfoKind::PROFILER_STATE,
              std::make_shared<MemoryReports>()) {
  seconds = 0;
  calls = 0;
  peak_bytes = 0;
  keep_inputs = keep;
  inputs.clear();
}

HookTimer::~HookTimer() { at::removeCallback(handle_); }

double HookTimer::TakeSeconds() {
  if (calls == 0) throw Error("gloce::hook was not called: nothing measured");
  calls = 0;
  return std::exchange(seconds, 0);
}

int64_t HookTimer::TakePeakBytes() { return std::exchange(peak_bytes, 0); }

std::vector<at::Tensor> HookTimer::TakeInputs() {
  return std::exchange(inputs, {});
}

}  // namespace gloce
