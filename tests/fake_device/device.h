// The fake devices themselves: "privateuseone:0" and "privateuseone:1".
#pragma once

#include <ATen/core/Generator.h>
#include <c10/core/Device.h>

namespace gloce::fake_device {

inline constexpr c10::DeviceType kDeviceType = c10::DeviceType::PrivateUse1;
// Two, so that code which takes index 0 for granted shows.
inline constexpr c10::DeviceIndex kDeviceCount = 2;

// The calling thread's device, as c10::DeviceGuard sets it.
c10::DeviceIndex CurrentDevice();

// The CPU generator in which a fake device's generator keeps its state.
at::Generator HostGenerator(const at::Generator& generator);

}  // namespace gloce::fake_device
