// The operators that a backend has to bring itself: allocation, copies, views,
// metadata. All others go through the fallback.
#include <ATen/EmptyTensor.h>
#include <ATen/core/Tensor.h>
#include <ATen/native/Resize.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/set_cpu_dispatch.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_as_complex_native.h>
#include <ATen/ops/view_as_real_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/DeviceGuard.h>
#include <torch/library.h>

#include <cstring>
#include <optional>
#include <vector>

#include "fake_device/counters.h"
#include "fake_device/fallback.h"
#include "fake_device/memory.h"

namespace gloce::fake_device {
namespace {

using Dtype = std::optional<at::ScalarType>;
using Layout = std::optional<at::Layout>;
using Device = std::optional<c10::Device>;
using Format = std::optional<at::MemoryFormat>;

constexpr c10::DispatchKeySet kKeys(c10::DispatchKey::PrivateUse1);

at::Tensor Empty(at::IntArrayRef size, Dtype dtype, Layout, Device device,
                 std::optional<bool> pin, Format format) {
  TORCH_CHECK(!pin.value_or(false), "Only dense CPU tensors can be pinned");
  const c10::DeviceGuard guard(c10::device_or_default(device));
  return at::detail::empty_generic(size, &DeviceAllocator(), kKeys,
                                   c10::dtype_or_default(dtype), format);
}

at::Tensor EmptyStrided(at::IntArrayRef size, at::IntArrayRef stride,
                        Dtype dtype, Layout, Device device,
                        std::optional<bool> pin) {
  TORCH_CHECK(!pin.value_or(false), "Only dense CPU tensors can be pinned");
  const c10::DeviceGuard guard(c10::device_or_default(device));
  return at::detail::empty_strided_generic(size, stride, &DeviceAllocator(),
                                           kKeys, c10::dtype_or_default(dtype));
}

at::Tensor CopyFrom(const at::Tensor& from, const at::Tensor& to, bool) {
  if (!InFallback()) {
    if (from.is_cpu()) CountHostToDevice();
    if (to.is_cpu()) CountDeviceToHost();
  }
  HostAlias(to).copy_(HostAlias(from));
  return to;
}

at::Tensor CopyFromAndResize(const at::Tensor& from, const at::Tensor& to) {
  to.resize_(from.sizes());
  return CopyFrom(from, to, false);
}

// at::native::resize_ would copy device memory on the host.
const at::Tensor& Resize(const at::Tensor& self, at::IntArrayRef size,
                         Format format) {
  if (self.sizes() != size) {
    const size_t bytes = at::detail::computeStorageNbytesContiguous(
        size, self.element_size(), self.storage_offset());
    if (bytes > self.storage().nbytes()) {
      at::native::resize_bytes_nocuda(self.storage(), bytes);
    }
    self.unsafeGetTensorImpl()->set_sizes_contiguous(size);
  }
  if (format) self.unsafeGetTensorImpl()->empty_tensor_restride(*format);
  return self;
}

at::Scalar Item(const at::Tensor& self) {
  CountSynchronisation();
  return HostAlias(self).item();
}

// How the fallback gets its arguments. Tensor::cpu() would pack strided views,
// and CPU kernels round differently on packed memory.
std::vector<at::Tensor> ToCpu(at::TensorList tensors) {
  std::vector<at::Tensor> copies;
  for (const at::Tensor& tensor : tensors) {
    if (tensor.is_cpu()) {
      copies.push_back(tensor);
      continue;
    }
    copies.push_back(at::empty_strided(tensor.sizes(), tensor.strides(),
                                       tensor.options().device(at::kCPU)));
    const size_t bytes = at::detail::computeStorageNbytes(
        tensor.sizes(), tensor.strides(), tensor.element_size());
    if (bytes != 0) {
      std::memcpy(copies.back().data_ptr(), HostPointer(tensor.data_ptr()),
                  bytes);
    }
  }
  return copies;
}

bool HasCompatibleType(const at::Tensor&, const at::Tensor&) { return true; }

at::Tensor& SetStorage(at::Tensor& self, at::Storage storage, int64_t offset,
                       at::IntArrayRef size, at::IntArrayRef stride) {
  return at::cpu::set_(self, std::move(storage), offset, size, stride);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&Fallback>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", &Empty);
  m.impl("empty_strided", &EmptyStrided);
  m.impl("_copy_from", &CopyFrom);
  m.impl("_copy_from_and_resize", &CopyFromAndResize);
  m.impl("_to_cpu", &ToCpu);
  m.impl("_local_scalar_dense", &Item);
  m.impl("_has_compatible_shallow_copy_type", &HasCompatibleType);
  m.impl("as_strided", TORCH_FN(at::native::as_strided_tensorimpl));
  m.impl("view", TORCH_FN(at::native::view));
  m.impl("_reshape_alias", TORCH_FN(at::native::_reshape_alias));
  m.impl("unfold", TORCH_FN(at::native::unfold));
  m.impl("view_as_real", TORCH_FN(at::native::view_as_real));
  m.impl("view_as_complex", TORCH_FN(at::native::view_as_complex));
  m.impl("resize_", &Resize);
  m.impl("set_.source_Tensor", TORCH_FN(at::native::set_tensor_));
  m.impl("set_.source_Storage", TORCH_FN(at::native::set_));
  m.impl("set_.source_Storage_storage_offset", &SetStorage);
  // These are made of other operators and so would not reach the fallback.
  // Convolution has no such default for a new backend; the others would differ
  // from the CPU in the last bits.
  for (const char* name :
       {"convolution", "_convolution", "convolution_backward",
        "native_group_norm", "native_layer_norm",
        "scaled_dot_product_attention"}) {
    m.impl(name, torch::CppFunction::makeFromBoxedFunction<&Fallback>());
  }
}

}  // namespace
}  // namespace gloce::fake_device
