// gloce doctor --model: whether a bundle is whole and fits.
#pragma once

#include "cli/doctor_finding.h"
#include "gloce/bundle/bundle.h"

namespace gloce {

// What the manifest says, the hash of every file, and whether the networks fit
// into memory. Loads no network.
Findings CheckBundle(const Bundle& bundle);

}  // namespace gloce
