// Where networks run, and in which precision.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

namespace gloce {

struct Placement {
  c10::Device device = c10::Device(c10::DeviceType::CPU);
  c10::ScalarType dtype =
      c10::ScalarType::Float;  // of the networks; gates are always float32
};

// Reads --device ("auto", "cpu", "cuda", "cuda:1", or any backend that is
// loaded) and --dtype
// ("float32", "float16", "bfloat16"). "auto" is the first CUDA device, else the
// CPU. Throws UsageError for an unknown name, a device that is not there, and
// float16 on the CPU, where it is twenty times slower than float32.
Placement ParsePlacement(const std::string& device, const std::string& dtype);

// Reads --dtype alone. Throws UsageError.
c10::ScalarType ParseDtype(const std::string& name);

// "float32", "float16" or "bfloat16".
std::string DtypeName(c10::ScalarType dtype);

}  // namespace gloce
