#include "fake_device/device.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <algorithm>
#include <cstdlib>

#include "fake_device/counters.h"
#include "fake_device/memory.h"

namespace gloce::fake_device {
namespace {

using c10::Device;
using c10::DeviceIndex;

thread_local DeviceIndex current_device = 0;

void SetCurrent(DeviceIndex index) {
  TORCH_CHECK(index >= 0 && index < kDeviceCount, "fake device: no device ",
              static_cast<int>(index), ", there are ",
              static_cast<int>(kDeviceCount));
  current_device = index;
}

class Guard final : public c10::impl::DeviceGuardImplInterface {
 public:
  c10::DeviceType type() const override { return kDeviceType; }
  Device exchangeDevice(Device device) const override {
    const Device old = getDevice();
    SetCurrent(device.index());
    return old;
  }
  Device getDevice() const override { return {kDeviceType, current_device}; }
  void setDevice(Device device) const override { SetCurrent(device.index()); }
  void uncheckedSetDevice(Device device) const noexcept override {
    current_device = device.index();
  }
  c10::Stream getStream(Device device) const override {
    return c10::Stream(c10::Stream::DEFAULT, device);
  }
  c10::Stream getDefaultStream(Device device) const override {
    return getStream(device);
  }
  c10::Stream exchangeStream(c10::Stream stream) const override {
    return getStream(stream.device());
  }
  DeviceIndex deviceCount() const noexcept override { return kDeviceCount; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override {
    CountSynchronisation();
  }
  void synchronizeDevice(DeviceIndex) const override { CountSynchronisation(); }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard)

class GeneratorImpl final : public c10::GeneratorImpl {
 public:
  explicit GeneratorImpl(DeviceIndex index)
      : c10::GeneratorImpl(Device(kDeviceType, index),
                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1)),
        host(at::detail::createCPUGenerator()) {}
  void set_current_seed(uint64_t seed) override { host.set_current_seed(seed); }
  void set_offset(uint64_t) override {
    TORCH_CHECK(false, "fake device: generators have no offset");
  }
  uint64_t get_offset() const override {
    TORCH_CHECK(false, "fake device: generators have no offset");
  }
  uint64_t current_seed() const override { return host.current_seed(); }
  uint64_t seed() override { return host.unsafeGetGeneratorImpl()->seed(); }
  void set_state(const c10::TensorImpl& state) override {
    host.unsafeGetGeneratorImpl()->set_state(state);
  }
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override {
    return host.unsafeGetGeneratorImpl()->get_state();
  }
  GeneratorImpl* clone_impl() const override {
    auto* const copy = new GeneratorImpl(device_.index());
    copy->host = host.clone();
    return copy;
  }
  at::Generator host;
};

class Hooks final : public at::PrivateUse1HooksInterface {
 public:
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(DeviceIndex) const override { return true; }
  DeviceIndex deviceCount() const override { return kDeviceCount; }
  void setCurrentDevice(DeviceIndex index) const override { SetCurrent(index); }
  DeviceIndex getCurrentDevice() const override { return current_device; }
  DeviceIndex exchangeDevice(DeviceIndex index) const override {
    return Guard().exchangeDevice({kDeviceType, index}).index();
  }
  DeviceIndex maybeExchangeDevice(DeviceIndex index) const override {
    return index < 0 ? current_device : exchangeDevice(index);
  }
  const at::Generator& getDefaultGenerator(DeviceIndex index) const override {
    static const at::Generator generators[kDeviceCount] = {
        at::make_generator<GeneratorImpl>(DeviceIndex{0}),
        at::make_generator<GeneratorImpl>(DeviceIndex{1})};
    const DeviceIndex at = index < 0 ? current_device : index;
    TORCH_CHECK(at < kDeviceCount, "fake device: no device ",
                static_cast<int>(at));
    return generators[at];
  }
  at::Generator getNewGenerator(DeviceIndex index) const override {
    return at::make_generator<GeneratorImpl>(index < 0 ? current_device
                                                       : index);
  }
  void resizePrivateUse1Bytes(const c10::Storage& storage,
                              size_t bytes) const override {
    const c10::DeviceGuard guard(storage.device());
    c10::DataPtr fresh = DeviceAllocator().allocate(bytes);
    const size_t kept = std::min(bytes, storage.nbytes());
    if (kept != 0) {
      DeviceAllocator().copy_data(fresh.get(), storage.data(), kept);
    }
    storage.unsafeGetStorageImpl()->set_data_ptr_noswap(std::move(fresh));
    storage.unsafeGetStorageImpl()->set_nbytes(bytes);
  }
};

[[maybe_unused]] const bool registered = [] {
  at::RegisterPrivateUse1HooksInterface(new Hooks);  // kept for ever by ATen
  // Otherwise a CUDA build of LibTorch takes CUDA for the accelerator, with or
  // without a GPU, and asks the driver.
  c10::register_privateuse1_backend("privateuseone");
  // The device computes by the CPU's kernels. Programs whose bits are compared
  // must not have others to choose from.
  if (std::getenv("FAKE_DEVICE_WITHOUT_ONEDNN") != nullptr)
    at::globalContext().setUserEnabledMkldnn(false);
  return true;
}();

}  // namespace

DeviceIndex CurrentDevice() { return current_device; }

at::Generator HostGenerator(const at::Generator& generator) {
  return generator.get<GeneratorImpl>()->host;
}

}  // namespace gloce::fake_device
