#include "erasure/ops.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <gtest/gtest.h>

namespace gloce {
namespace {

// Sets to 7 what is its own, and returns other activations plus 1.
class Writer : public ActivationObserver {
 public:
  at::Tensor OnActivation(at::Tensor x, size_t layer) override {
    last_layer = layer;
    return OwnsValues(x) ? x.fill_(7) : x + 1;
  }
  size_t last_layer = 0;
};

class OpsTest : public testing::Test {
 protected:
  OpsTest() { slot_.Install(&writer_); }

  // As an interpreter calls it: arguments leave the stack.
  at::Tensor CallWith(at::Tensor x) {
    torch::jit::Stack stack;
    torch::jit::push(stack, std::move(x), slot_.id(), int64_t{3});
    hook_.callBoxed(stack);
    return torch::jit::pop(stack).toTensor();
  }

  HookSlot slot_;
  Writer writer_;
  c10::OperatorHandle hook_ =
      c10::Dispatcher::singleton().findSchemaOrThrow("gloce::hook", "");
};

TEST_F(OpsTest, AnActivationThatNobodyElseHoldsBelongsToTheObserver) {
  EXPECT_TRUE(CallWith(at::zeros({2})).equal(at::full({2}, 7.0F)));
  EXPECT_EQ(writer_.last_layer, 3);
}

TEST_F(OpsTest, WhatOthersHoldIsNotTheObservers) {
  const at::Tensor x = at::zeros({2});
  const at::Tensor expected = at::ones({2});
  EXPECT_TRUE(CallWith(x).equal(expected));
  EXPECT_TRUE(CallWith(x.view({2})).equal(expected)) << "a view's values";
  const at::Tensor called =
      hook_.typed<at::Tensor(const at::Tensor&, int64_t, int64_t)>().call(
          x, slot_.id(), 0);
  EXPECT_TRUE(called.equal(expected)) << "an unboxed call's argument";
  EXPECT_TRUE(x.equal(at::zeros({2})));
}

TEST_F(OpsTest, WithoutAnObserverItIsTheIdentity) {
  slot_.Install(nullptr);
  const at::Tensor x = at::ones({2});
  EXPECT_TRUE(CallWith(x).is_same(x));
}

}  // namespace
}  // namespace gloce
