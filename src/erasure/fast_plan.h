// Plans: how the noise levels of a concept's settings are reached.
#pragma once

#include <string>
#include <vector>

#include "gloce/erasure/eraser.h"

namespace gloce {

// "published": as the settings say. "fast": see UseFastPlan.
std::vector<std::string> PlanNames();

// Samples the statistics of `settings` at the same noise levels in a fifth of
// the steps, by DPM-Solver++ 2M, a solver of second order: of 50 steps and the
// window 10 to 20, 10 steps and 2 to 4, so that 5 passes a prompt and seed do
// the work of 21. Where steps do not divide, the window grows to whole steps.
// The noise level at which the eraser begins to act stays what it is.
// docs/demo.md says what this does to erasure.
void UseFastPlan(ConceptSettings& settings);

}  // namespace gloce
