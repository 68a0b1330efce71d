// What a fuzz target is: the function that libFuzzer calls. It may throw
// nothing; gloce::Error is the expected answer to bad input and is caught.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "gloce/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace gloce {

inline std::string AsString(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Cuts `text` at the first NUL; the second part is empty if there is none.
inline std::pair<std::string, std::string> CutAtNul(const std::string& text) {
  const size_t nul = text.find('\0');
  if (nul == std::string::npos) return {text, ""};
  return {text.substr(0, nul), text.substr(nul + 1)};
}

template <typename Code>
void IgnoreErrors(const Code& code) {
  try {
    code();
  } catch (const Error&) {  // the expected answer to bad input
  }
}

}  // namespace gloce
