// The custom operator that graph surgery puts behind hook points, and what it
// calls.
//
//   gloce::hook(Tensor x, int slot, int layer) -> Tensor
//
// `slot` names an entry of a process-wide table, so that several networks can
// live in one process; `layer` counts the hook points of one network from 0.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>

namespace gloce {

// Sees, and may replace, the output of hook points.
class ActivationObserver {
 public:
  virtual ~ActivationObserver() = default;

  // x (B, T, D) is the output of hook point `layer`, bias included. What is
  // returned takes its place; return x itself to observe only. x may be written
  // to if it is the only reference to its values (OwnsValues).
  virtual at::Tensor OnActivation(at::Tensor x, size_t layer) = 0;
};

// Whether nobody but the holder of `x` can see its values.
bool OwnsValues(const at::Tensor& x);

// An entry of the table, held by the network whose graph carries its id.
class HookSlot {
 public:
  HookSlot();
  ~HookSlot();
  HookSlot(const HookSlot&) = delete;
  HookSlot& operator=(const HookSlot&) = delete;

  int64_t id() const { return id_; }

  // From now on the operator hands activations to `observer`; nullptr makes it
  // the identity. The observer must outlive its installation.
  void Install(ActivationObserver* observer);

 private:
  int64_t id_;
};

}  // namespace gloce
