// What a network could do when it runs.
#pragma once

#include <string>

namespace torch::jit {
struct Module;
}  // namespace torch::jit

namespace gloce {

// Throws Error, naming module and operator, unless every graph of the loaded
// archive, whether something calls it or not, consists of operators that
// networks may use (allowed_operators.h). `path` begins the message.
void CheckGraphs(const torch::jit::Module& module, const std::string& path);

}  // namespace gloce
