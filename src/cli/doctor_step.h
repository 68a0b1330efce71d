// gloce doctor --model: one denoising step, with and without erasers.
#pragma once

#include <string>

#include "cli/doctor_finding.h"
#include "gloce/bundle/device.h"

namespace gloce {

// Loads the bundle's networks and takes one step of one picture of the model's
// own size: its values are finite, every hook point is reached, erasers with
// closed gates change no bit, open ones change the prediction, and where
// `placement` is not the CPU in float32, the prediction is close to what that
// gives. Stops after the first check that fails.
Findings CheckStep(const std::string& model, const Placement& placement);

}  // namespace gloce
