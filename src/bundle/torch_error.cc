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

}  // namespace

std::string TorchMessage(const std::exception& error) {
  std::string text = error.what();
  if (const auto* torch_error = dynamic_cast<const c10::Error*>(&error)) {
    text = torch_error->what_without_backtrace();
  }
  // The interpreter prints the source of every frame and ends with
  // "RuntimeError: <reason>".
  if (const auto at = text.rfind("RuntimeError: "); at != std::string::npos) {
    text = text.substr(at + std::string("RuntimeError: ").size());
  }
  text = FirstLine(text);
  const bool exhausted =
      dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
      dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
      text.find("out of memory") != std::string::npos ||
      text.find("not enough memory") != std::string::npos ||
      text.find("can't allocate memory") != std::string::npos;
  if (exhausted) {
    text = "out of memory; lower --batch-size, or --width and --height (" +
           text + ")";
  }
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
    throw Error(place + ": " + TorchMessage(error));
  }
}

}  // namespace gloce
