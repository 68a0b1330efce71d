// The way of every operator that the fake device does not implement itself:
// checked by CUDA's rules, computed by the CPU.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

namespace gloce::fake_device {

void Fallback(const c10::OperatorHandle& op, torch::jit::Stack* stack);

// Whether this thread is inside Fallback, whose own copies do not count.
bool InFallback();

}  // namespace gloce::fake_device
