// What the fake device computes, refuses and counts. Without these checks the
// tests that run on it would prove nothing.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/DeviceAccelerator.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/library.h>

#include <functional>
#include <string>

#include "fake_device/counters.h"

namespace gloce::fake_device {
namespace {

using testing::HasSubstr;

const c10::Device kFirst("privateuseone:0");
const c10::Device kSecond("privateuseone:1");

at::Tensor AddOne(const at::Tensor& x) { return x + 1; }

TORCH_LIBRARY_FRAGMENT(gloce_test, m) {
  m.def("cpu_only(Tensor x) -> Tensor");
  m.impl("cpu_only", c10::DispatchKey::CPU, TORCH_FN(AddOne));
}

std::string ErrorOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
  return "no error";
}

bool Same(const at::Tensor& device, const at::Tensor& host) {
  return device.cpu().equal(host);
}

class FakeDeviceTest : public testing::Test {
 protected:
  at::Tensor x_ = at::randn({4, 6});
  at::Tensor y_ = at::randn({4, 6});
  at::Tensor weight_ = at::randn({5, 6});
  at::Tensor device_x_ = x_.to(kFirst);
  at::Tensor device_y_ = y_.to(kFirst);
  at::Tensor device_weight_ = weight_.to(kFirst);
};

TEST_F(FakeDeviceTest, ComputesWhatTheCpuComputes) {
  EXPECT_TRUE(Same(device_x_ + device_y_, x_ + y_));
  EXPECT_TRUE(Same(at::cat({device_x_, device_y_}), at::cat({x_, y_})));
  EXPECT_TRUE(
      Same(at::linear(device_x_, device_weight_), at::linear(x_, weight_)));
  EXPECT_TRUE(Same(
      at::linear(device_x_.to(at::kBFloat16), device_weight_.to(at::kBFloat16)),
      at::linear(x_.to(at::kBFloat16), weight_.to(at::kBFloat16))));
  const auto network = [](const at::Tensor& t) {
    const at::Tensor image = t.repeat({2, 4}).view({1, 2, 8, 12});
    const at::Tensor kernel = t.view({4, 2, 3, 1});
    const at::Tensor maps = at::group_norm(at::conv2d(image, kernel), 2);
    const at::Tensor tokens = at::layer_norm(maps, {12});
    return at::scaled_dot_product_attention(tokens, tokens, tokens);
  };
  EXPECT_TRUE(Same(network(device_x_), network(x_)));
}

TEST_F(FakeDeviceTest, ViewsShareMemory) {
  const auto edit = [](const at::Tensor& t) {
    at::Tensor copy = t.clone();
    copy.t().select(0, 2).add_(1);
    copy.view({2, 12}).slice(1, 1, 9, 3).zero_();
    return copy;
  };
  EXPECT_TRUE(Same(edit(device_x_), edit(x_)));
  const auto rearrange = [](const at::Tensor& t) {
    return t.permute({1, 0}).reshape({3, 8}).unfold(1, 4, 2).chunk(2, 2)[1];
  };
  EXPECT_TRUE(Same(rearrange(device_x_), rearrange(x_)));
  EXPECT_TRUE(device_x_.t().is_alias_of(device_x_));
  at::Tensor grown = device_x_.clone();
  grown.resize_({100});
  EXPECT_TRUE(Same(grown.slice(0, 0, 24), x_.view({24})));
}

TEST_F(FakeDeviceTest, MemoryCannotBeReadByTheHost) {
  EXPECT_DEATH(
      {
        const volatile float value = *device_x_.data_ptr<float>();
        _exit(value == value ? 0 : 0);
      },
      "");
}

TEST_F(FakeDeviceTest, NewMemoryIsNaN) {
  const at::Tensor fresh =
      at::empty({64}, at::TensorOptions().device(kFirst)).cpu();
  EXPECT_TRUE(fresh.isnan().all().item<bool>());
}

TEST_F(FakeDeviceTest, HasTwoDevices) {
  EXPECT_EQ(at::getAccelerator(), c10::DeviceType::PrivateUse1);
  EXPECT_EQ(at::accelerator::deviceCount(), 2);
  const at::Tensor moved = device_x_.to(kSecond);
  EXPECT_EQ(moved.device(), kSecond);
  EXPECT_TRUE(Same(moved, x_));
  EXPECT_THAT(ErrorOf([&] { device_y_ + moved; }), HasSubstr("same device"));
  EXPECT_THAT(ErrorOf([&] {
                at::empty({1}, at::TensorOptions().device("privateuseone:2"));
              }),
              HasSubstr("no device 2"));
}

TEST_F(FakeDeviceTest, AcceptsTheMixturesThatCudaAccepts) {
  const at::Tensor scalar = at::scalar_tensor(2.5);
  EXPECT_TRUE(Same(device_x_ * scalar, x_ * scalar));
  EXPECT_EQ((scalar - device_x_).device(), kFirst);
  EXPECT_TRUE(Same(scalar - device_x_, scalar - x_));
  const at::Tensor ids = at::tensor({2, 0}, at::kLong);
  EXPECT_TRUE(Same(device_x_.index({ids}), x_.index({ids})));
}

TEST_F(FakeDeviceTest, RefusesTheMixturesThatCudaRefuses) {
  const at::Tensor x = device_x_;  // a short name for the table
  const at::Tensor ids = at::tensor({1, 2}, at::kLong);
  const at::Tensor image = x.view({1, 1, 4, 6});
  const std::vector<std::pair<std::string, std::function<void()>>> calls = {
      {"add", [&] { x + y_; }},
      {"add, CPU first", [&] { x_ + x; }},
      {"add_ to the CPU", [&] { x_.clone().add_(x); }},
      {"add_ to a CPU scalar", [&] { at::scalar_tensor(1).add_(x.sum()); }},
      {"linear, input", [&] { at::linear(x_, device_weight_); }},
      {"linear, weight", [&] { at::linear(x, weight_); }},
      {"linear, bias", [&] { at::linear(x, device_weight_, at::zeros({5})); }},
      {"mm", [&] { at::mm(x, weight_.t()); }},
      {"cat",
       [&] {
         at::cat({x_, x});
       }},
      {"stack",
       [&] {
         at::stack({x, y_});
       }},
      {"where", [&] { at::where(x_ > 0, x, x); }},
      {"masked_fill", [&] { x.masked_fill(x_ > 0, 0); }},
      {"conv2d",
       [&] {
         at::conv2d(image, at::ones({1, 1, 2, 2}));
       }},
      {"layer_norm", [&] { at::layer_norm(x, {6}, at::ones({6})); }},
      {"sdpa mask",
       [&] {
         at::scaled_dot_product_attention(image, image, image,
                                          at::zeros({4, 4}));
       }},
      {"embedding", [&] { at::embedding(x, ids); }},
      {"index_select", [&] { x.index_select(0, ids); }},
      {"index_select, 0-dim", [&] { x.index_select(0, ids[0]); }},
      {"index of the CPU by the device", [&] { x_.index({ids.to(kFirst)}); }},
      {"gather",
       [&] {
         x.gather(0, at::zeros({1, 6}, at::kLong));
       }},
      {"equal", [&] { x.equal(y_); }},
      {"out=",
       [&] {
         at::Tensor out = at::empty({4, 5});
         at::mm_out(out, x, device_weight_.t());
       }},
  };
  for (const auto& [name, call] : calls) {
    EXPECT_THAT(ErrorOf(call), HasSubstr("on the same device")) << name;
  }
}

TEST_F(FakeDeviceTest, RefusesAGeneratorOfTheCpu) {
  EXPECT_THAT(ErrorOf([] {
                at::randn({3}, at::detail::createCPUGenerator(),
                          at::TensorOptions().device(kFirst));
              }),
              HasSubstr("device type for generator"));
}

TEST_F(FakeDeviceTest, RefusesAnOperatorWithoutACudaKernel) {
  const auto op = c10::Dispatcher::singleton()
                      .findSchemaOrThrow("gloce_test::cpu_only", "")
                      .typed<at::Tensor(const at::Tensor&)>();
  EXPECT_TRUE(op.call(x_).equal(x_ + 1));
  EXPECT_THAT(ErrorOf([&] { op.call(device_x_); }),
              HasSubstr("no CUDA kernel"));
}

TEST_F(FakeDeviceTest, CountsCopies) {
  const Counters before = GetCounters();
  const at::Tensor moved = at::ones({1024}).to(kFirst);
  const at::Tensor sum = moved + 1;  // its own copies are none of the program's
  EXPECT_EQ(GetCounters().host_to_device - before.host_to_device, 1);
  EXPECT_EQ(GetCounters().device_to_host - before.device_to_host, 0);
  sum.cpu();
  EXPECT_EQ(GetCounters().device_to_host - before.device_to_host, 1);
  sum.copy_(at::zeros({1024}));
  EXPECT_EQ(GetCounters().host_to_device - before.host_to_device, 2);
  const at::Tensor rows = at::tensor({2, 0}, at::kLong);
  at::index(device_x_, c10::List<std::optional<at::Tensor>>({rows}));
  // Of an index on the host, however often the operator asks for it.
  EXPECT_GT(GetCounters().host_to_device - before.host_to_device, 2);
  EXPECT_EQ(GetCounters().synchronisations, before.synchronisations);
}

TEST_F(FakeDeviceTest, CountsWhatWaitsForTheDevice) {
  const at::Tensor mask = device_x_ > 0;
  const std::vector<std::pair<std::string, std::function<void()>>> calls = {
      {"item", [&] { device_x_.sum().item<float>(); }},
      {"nonzero", [&] { at::nonzero(mask); }},
      {"masked_select", [&] { device_x_.masked_select(mask); }},
      {"index by a mask", [&] { device_x_.index({mask}); }},
      {"equal", [&] { device_x_.equal(device_y_); }},
      {"unique", [&] { at::_unique(device_x_); }},
      {"eigh", [&] { at::linalg_eigh(at::eye(3, at::TensorOptions(kFirst))); }},
      {"device", [] { at::accelerator::synchronizeDevice(0); }},
      {"stream",
       [] { c10::Stream(c10::Stream::DEFAULT, kFirst).synchronize(); }},
  };
  for (const auto& [name, call] : calls) {
    const int64_t before = GetCounters().synchronisations;
    call();
    EXPECT_GT(GetCounters().synchronisations, before) << name;
  }
}

TEST_F(FakeDeviceTest, CountsMemory) {
  const int64_t before = GetCounters().live_bytes;
  {
    const at::Tensor kept =
        at::zeros({1024}, at::TensorOptions().device(kFirst));
    EXPECT_EQ(GetCounters().live_bytes - before, 4096);
  }
  EXPECT_EQ(GetCounters().live_bytes, before);
  EXPECT_GE(GetCounters().peak_bytes - before, 4096);
}

}  // namespace
}  // namespace gloce::fake_device
