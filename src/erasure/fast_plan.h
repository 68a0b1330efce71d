// Plans: how the noise levels of a concept's settings are reached.
#pragma once

#include <string>
#include <vector>

#include "gloce/erasure/eraser.h"

namespace gloce {

// "published": as the settings say. "fast": see UseFastPlan.
std::vector<std::string> PlanNames();

// Samples the statistics of `settings` at nearly the same noise levels in a
// fifth of the steps, by DPM-Solver++ 2M, a solver of second order: of 50 steps
// and the window 10 to 20, 10 steps and 2 to 4, so that 5 passes a prompt and
// seed do the work of 21. Where steps do not divide, the window grows to whole
// steps. The noise level at which the eraser begins to act stays what it is.
//
// Call j stands for call 5j of LMS. Of 1000 timesteps and 50 steps it lies
// where that call is with trailing spacing, at most 20 apart with linspace, and
// at most 70 with leading, where the solvers divide differently: the window 10
// to 20 is 761 … 581 by LMS, and 631 and 541 here.
// docs/demo.md says what this does to erasure.
void UseFastPlan(ConceptSettings& settings);

}  // namespace gloce
