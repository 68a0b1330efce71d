// --config: options from a file.
#pragma once

#include <CLI/CLI.hpp>

namespace gloce {

// Adds --config to a subcommand. The file (docs/formats.md) is one JSON object,
// comments allowed, whose keys are the options' long names without dashes or
// the names of positional arguments. What the command line gives wins, and
// leaves out what it excludes. Throws while parsing: UsageError if the file
// cannot be read, for an unknown key and for a value that does not fit.
void AddConfigOption(CLI::App& command);

}  // namespace gloce
