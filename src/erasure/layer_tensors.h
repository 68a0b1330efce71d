// The tensors of LayerErasers, listed once for everything that treats them
// alike: selecting, joining, reading and writing.
#pragma once

#include "gloce/erasure/eraser.h"

namespace gloce {

struct LayerTensor {
  const char* name;  // in erasers files, behind "<hook path>."
  at::Tensor LayerErasers::*tensor;
  const char* dims;  // behind N: 'D' the layer's width, 'R' a rank, in order

  // Slopes of a thousand and more amplify any error of a threshold.
  constexpr bool always_float32() const { return *dims == '\0'; }
};

inline constexpr LayerTensor kLayerTensors[] = {
    {"map_up", &LayerErasers::map_up, "DR"},
    {"map_down", &LayerErasers::map_down, "RD"},
    {"mapping_mean", &LayerErasers::mapping_mean, "D"},
    {"target_mean", &LayerErasers::target_mean, "D"},
    {"gate_basis", &LayerErasers::gate_basis, "DR"},
    {"surrogate_mean", &LayerErasers::surrogate_mean, "D"},
    {"gate_center", &LayerErasers::gate_center, ""},
    {"gate_slope", &LayerErasers::gate_slope, ""},
};

}  // namespace gloce
