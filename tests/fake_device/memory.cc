#include "fake_device/memory.h"

#include <ATen/ops/from_blob.h>

#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "fake_device/counters.h"
#include "fake_device/device.h"

namespace gloce::fake_device {
namespace {

// An address with this bit set is not mapped for any user program, neither on
// x86-64 nor on aarch64.
constexpr uintptr_t kDeviceBit = uintptr_t{1} << 52;
constexpr std::align_val_t kAlignment{64};

struct Block {
  void* host;
  int64_t bytes;
};

// Bytes of all fake devices together, as FAKE_DEVICE_MEMORY says.
int64_t Capacity() {
  static const int64_t capacity = [] {
    const char* const text = std::getenv("FAKE_DEVICE_MEMORY");
    return text == nullptr ? std::numeric_limits<int64_t>::max()
                           : static_cast<int64_t>(std::atoll(text));
  }();
  return capacity;
}

void FreeBlock(void* context) {
  const std::unique_ptr<Block> block(static_cast<Block*>(context));
  ::operator delete(block->host, kAlignment);
  CountMemory(-block->bytes);
}

class Allocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(kDeviceType, CurrentDevice());
    if (bytes == 0) return {nullptr, device};
    TORCH_CHECK_WITH(
        OutOfMemoryError,
        GetCounters().live_bytes + static_cast<int64_t>(bytes) <= Capacity(),
        "fake device out of memory. Tried to allocate ", bytes, " bytes");
    auto block = std::make_unique<Block>(
        Block{::operator new(bytes, kAlignment), static_cast<int64_t>(bytes)});
    void* const host = block->host;
    std::memset(host, 0xFF, bytes);
    CountMemory(block->bytes);
    return {HostPointer(host), block.release(), &FreeBlock, device};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    std::memcpy(HostPointer(to), HostPointer(from), bytes);
  }
};

}  // namespace

c10::Allocator& DeviceAllocator() {
  static auto* const allocator = new Allocator;  // outlives every tensor
  return *allocator;
}

REGISTER_ALLOCATOR(kDeviceType, &DeviceAllocator())

void* HostPointer(const void* device_pointer) {
  if (device_pointer == nullptr) return nullptr;
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(device_pointer) ^
                                 kDeviceBit);
}

at::Tensor HostAlias(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  TORCH_CHECK(tensor.is_privateuseone(),
              "fake device: cannot read a tensor on ", tensor.device());
  return at::from_blob(HostPointer(tensor.data_ptr()), tensor.sizes(),
                       tensor.strides(), tensor.options().device(at::kCPU));
}

}  // namespace gloce::fake_device
