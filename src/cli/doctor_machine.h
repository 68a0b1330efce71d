// gloce doctor: the machine and the build.
#pragma once

#include "cli/doctor_finding.h"

namespace gloce {

// Versions, processor, devices, threads, memory and the disk of the current
// folder. Loads no network.
Findings CheckMachine();

}  // namespace gloce
