// Memory of the fake device: host memory under addresses that the host cannot
// use. Only HostPointer makes them readable, for the backend's own code.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Allocator.h>

namespace gloce::fake_device {

// Allocates on the current fake device; new memory is filled with 0xFF, which
// is NaN in every floating dtype.
c10::Allocator& DeviceAllocator();

// The host's address of device memory (and back again).
void* HostPointer(const void* device_pointer);

// A CPU tensor on the memory of `tensor`, with its shape and strides; `tensor`
// itself if it is on the CPU.
at::Tensor HostAlias(const at::Tensor& tensor);

}  // namespace gloce::fake_device
