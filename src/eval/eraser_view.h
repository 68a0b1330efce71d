// Erasers as a report shows them.
#pragma once

#include <nlohmann/json.hpp>

#include "gloce/erasure/eraser.h"

namespace gloce {

// "erasers" of the report document (docs/formats.md): settings, thresholds and
// what the fit saw by layer, and how similar the concepts' gates are: the mean
// over the layers of ‖V_gate,iᵀ V_gate,j‖² / √(r_i r_j), 1 for the same
// subspace and 0 for orthogonal ones.
nlohmann::ordered_json EraserView(const Erasers& erasers);

}  // namespace gloce
