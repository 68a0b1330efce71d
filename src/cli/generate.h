// Drawing pictures, for the subcommand and for those that need pictures.
#pragma once

#include "cli/generate_options.h"

namespace gloce {

// What `gloce generate` does with these options. Returns its exit code; throws
// Error, UsageError, Interrupted.
int RunGenerate(const GenerateOptions& options);

}  // namespace gloce
