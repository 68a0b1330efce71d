#include "bundle/torch_error.h"

#include <c10/util/Exception.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "base/system_error.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

std::string FirstLine(const std::string& text) {
  const auto start = text.find_first_not_of(" \n\t");
  if (start == std::string::npos) return "unknown error";
  return text.substr(start, text.find('\n', start) - start);
}

// Of `error`, the one line that matters.
std::string ReasonOf(const std::exception& error) {
  std::string text = error.what();
  if (const auto* torch_error = dynamic_cast<const c10::Error*>(&error)) {
    text = torch_error->what_without_backtrace();
  }
  // The interpreter prints the source of every frame and ends with
  // "RuntimeError: <reason>".
  if (const auto at = text.rfind("RuntimeError: "); at != std::string::npos) {
    text = text.substr(at + std::string("RuntimeError: ").size());
  }
  return FirstLine(text);
}

bool IsOutOfMemory(const std::exception& error, const std::string& reason) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
         reason.find("out of memory") != std::string::npos ||
         reason.find("not enough memory") != std::string::npos ||
         reason.find("can't allocate memory") != std::string::npos;
}

}  // namespace

std::string TorchMessage(const std::exception& error) {
  std::string text = ReasonOf(error);
  if (IsOutOfMemory(error, text)) text = "out of memory (" + text + ")";
  if (text.find(std::strerror(EMFILE)) != std::string::npos)
    text += SystemAdvice(EMFILE);
  return text;
}

void RethrowAsError(const std::string& place) {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    const std::string text = place + ": " + TorchMessage(error);
    if (IsOutOfMemory(error, ReasonOf(error))) throw OutOfMemory(text);
    throw Error(text);
  }
}

}  // namespace gloce
