// LibTorch's exceptions, made readable. The only place that looks inside them.
#pragma once

#include <exception>
#include <string>

namespace gloce {

// One line that says what went wrong, without backtrace or interpreter source;
// it begins with "out of memory" if that is what it was.
std::string TorchMessage(const std::exception& error);

// Throws the current exception again: Error and its kin as they are, everything
// that LibTorch threw as Error("<place>: <one line>"), or OutOfMemory with that
// text. Call it from a catch block.
[[noreturn]] void RethrowAsError(const std::string& place);

}  // namespace gloce
