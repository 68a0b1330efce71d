// SIGINT and SIGTERM, as a question that long work asks between steps.
#pragma once

namespace gloce {

// From now on the first SIGINT or SIGTERM is noted; a second one ends the
// process at once.
void InstallInterruptHandler();

// True once a signal was noted.
bool WasInterrupted();

}  // namespace gloce
