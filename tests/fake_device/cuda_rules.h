// What CUDA demands of an operator's arguments, and which operators wait for
// the device. Facts of ATen's CUDA backend, checked before the CPU computes.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

namespace gloce::fake_device {

// Throws c10::Error, in CUDA's words where it has some, if
//   - the operator has no CUDA kernel (one that only the CPU has, such as an
//     operator of the program registered for the CPU alone)
//   - tensors are on different devices; a 0-dim CPU tensor that is only read,
//     and CPU indices of aten::index and its kin, are allowed
//   - a generator is of another device.
// Counts what would make the program wait: operators that read a result back
// (nonzero, masks as indices, ...), and CPU indices, which CUDA copies.
// `arguments` are those of a call of `op`.
void CheckAsCuda(const c10::OperatorHandle& op,
                 c10::ArrayRef<c10::IValue> arguments);

}  // namespace gloce::fake_device
