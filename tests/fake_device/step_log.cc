// Writes the counters at every call of a U-Net to the file that FAKE_DEVICE_LOG
// names, so that a test sees what an unchanged program did in each step. Lines:
//   unet TIMESTEP HOST_TO_DEVICE DEVICE_TO_HOST SYNCHRONISATIONS
//   exit LIVE_BYTES PEAK_BYTES HOST_TO_DEVICE DEVICE_TO_HOST SYNCHRONISATIONS
// with the counters before the call, and when the program ends. A U-Net is a
// traced network of three inputs (latents, timesteps, encoder_hidden_states);
// TorchScript tells which networks run.
#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

#include <cstdlib>
#include <fstream>
#include <memory>

#include "fake_device/counters.h"
#include "fake_device/memory.h"

namespace gloce::fake_device {
namespace {

constexpr size_t kUnetInputs = 4;  // the module itself is the first

// TorchScript reports a network's call, and inside it the interpreter's.
thread_local int depth = 0;

std::ofstream& Log() {
  static auto* const log = new std::ofstream(std::getenv("FAKE_DEVICE_LOG"));
  return *log;
}

void WriteCounts(const Counters& counters) {
  Log() << counters.host_to_device << ' ' << counters.device_to_host << ' '
        << counters.synchronisations << std::endl;
}

std::unique_ptr<at::ObserverContext> BeginCall(const at::RecordFunction& call) {
  const auto inputs = call.inputs();
  if (depth++ == 0 && inputs.size() == kUnetInputs && inputs[2].isTensor()) {
    const at::Tensor timesteps = HostAlias(inputs[2].toTensor());
    Log() << "unet " << timesteps.flatten()[0].item<double>() << ' ';
    WriteCounts(GetCounters());
  }
  return nullptr;
}

void EndCall(const at::RecordFunction&, at::ObserverContext*) { --depth; }

void LogExit() {
  const Counters counters = GetCounters();
  Log() << "exit " << counters.live_bytes << ' ' << counters.peak_bytes << ' ';
  WriteCounts(counters);
}

[[maybe_unused]] const bool installed = [] {
  if (std::getenv("FAKE_DEVICE_LOG") == nullptr) return false;
  at::addGlobalCallback(at::RecordFunctionCallback(&BeginCall, &EndCall)
                            .needsInputs(true)
                            .scopes({at::RecordScope::TORCHSCRIPT_FUNCTION}));
  return std::atexit(&LogExit) == 0;
}();

}  // namespace
}  // namespace gloce::fake_device
