// Errors that the operating system reports.
#pragma once

#include <string>

namespace gloce {

// Throws Error: "<path>: <what>: <the system's reason for `error`, an errno>",
// with what to do about it where that is known.
[[noreturn]] void FailWithErrno(const std::string& path,
                                const std::string& what, int error);

// What to do about it, with "; " before, or "".
const char* SystemAdvice(int error);

}  // namespace gloce
