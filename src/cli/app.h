// The command line as a whole.
#pragma once

namespace gloce {

// Parses the arguments, runs the subcommand and returns the exit code. Catches
// everything: an error is one line on stderr, "gloce: error: …".
int RunGloce(int argc, const char* const* argv);

}  // namespace gloce
