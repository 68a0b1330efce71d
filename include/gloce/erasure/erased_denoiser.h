// Generation with erasers.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "gloce/bundle/bundle.h"
#include "gloce/bundle/device.h"
#include "gloce/diffusion/denoiser.h"
#include "gloce/erasure/eraser.h"
#include "gloce/erasure/gate_maps.h"

namespace gloce {

// A bundle's denoiser with erasers installed at its hook points:
//   x' = x + strength · s(x) · (η·(μ_map + V_map V_mapᵀ(I − V_tar V_tarᵀ)(x −
//   μ_tar)) − x), s(x) = sigmoid(k (p(x) − c)),
// for each token by the concept whose logit k(p − c) is largest
// (docs/erasure.md). It acts on both halves of classifier-free guidance, for
// each concept from its noise level on.
class ErasedDenoiser final : public Denoiser {
 public:
  // strength scales the blend; 1 is the method. Throws Error if the erasers
  // were built for another model or other hook points, naming the first that
  // differs.
  ErasedDenoiser(const Bundle& bundle, const Placement& placement,
                 const Erasers& erasers, double strength = 1.0);
  ~ErasedDenoiser() override;

  // Other erasers, or another strength, from the next call of Predict on; the
  // network stays as it is. Without concepts it is the plain denoiser, to the
  // bit. Gate activity starts anew. Throws as the
  // constructor does, and then changes nothing.
  void SetErasers(const Erasers& erasers, double strength = 1.0);

  at::Tensor Predict(const at::Tensor& latents, double timestep,
                     const Conditioning& conditioning) override;

  // How far each concept's gate opened since the last call of this: (B, N)
  // shares in [0, 1] of all conditional tokens, layers and steps in which the
  // concept acted with s > 1/2. B is the batch of those steps. Copies from the
  // device: call it once a batch, not in a step. Undefined without concepts.
  at::Tensor TakeGateActivity();

  // Whether Predict records, from now on and for any erasers, where each
  // token's gate opens: 2 bytes a conditional token, layer and step, on the
  // device.
  void RecordGates(bool records);

  // What was recorded since the last call of this, of one batch. Copies from
  // the device. Empty without concepts, or if nothing was recorded.
  GateRecord TakeGateRecord();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Throws Error if `erasers` were not built for this bundle: another model
// identity, another number of hook points, another path or width.
void CheckErasersFit(const Erasers& erasers, const Bundle& bundle);

}  // namespace gloce
