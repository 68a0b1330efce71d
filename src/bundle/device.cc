#include "gloce/bundle/device.h"

#include <ATen/Context.h>
#include <ATen/ops/empty.h>

#include "bundle/dtype_names.h"
#include "bundle/torch_error.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

constexpr c10::ScalarType kDtypes[] = {
    c10::ScalarType::Float, c10::ScalarType::Half, c10::ScalarType::BFloat16};

c10::Device ParseDevice(const std::string& name) {
  if (name == "auto") {
    return at::hasCUDA() ? c10::Device(c10::DeviceType::CUDA, 0)
                         : c10::Device(c10::DeviceType::CPU);
  }
  c10::Device device(c10::DeviceType::CPU);
  try {
    device = c10::Device(name);
  } catch (const std::exception&) {
    throw UsageError("--device: got \"" + name +
                     "\", expected auto, cpu, cuda or cuda:<index>");
  }
  if (!device.is_cpu() && !device.has_index()) device.set_index(0);
  return device;
}

}  // namespace

c10::ScalarType ParseDtype(const std::string& name) {
  for (const c10::ScalarType dtype : kDtypes) {
    if (name == DtypeName(dtype)) return dtype;
  }
  throw UsageError("--dtype: got \"" + name +
                   "\", expected float32, float16 or bfloat16");
}

std::vector<std::string> DtypeNames() {
  std::vector<std::string> names;
  for (const c10::ScalarType dtype : kDtypes) names.push_back(DtypeName(dtype));
  return names;
}

std::string DtypeName(c10::ScalarType dtype) {
  switch (dtype) {
    case c10::ScalarType::Half:
      return "float16";
    case c10::ScalarType::BFloat16:
      return "bfloat16";
    default:
      return "float32";
  }
}

Placement ParsePlacement(const std::string& device, const std::string& dtype) {
  Placement placement{ParseDevice(device), ParseDtype(dtype)};
  if (placement.device.is_cpu() && placement.dtype == c10::ScalarType::Half) {
    throw UsageError(
        "--dtype: float16 on the CPU is about twenty times slower than "
        "float32; use float32 or "
        "bfloat16");
  }
  try {
    at::empty({1}, at::TensorOptions().device(placement.device));
  } catch (const std::exception& error) {
    throw UsageError("--device: " + device +
                     " cannot be used: " + TorchMessage(error));
  }
  return placement;
}

}  // namespace gloce
