#include "bundle/module_graphs.h"

#include <torch/csrc/jit/api/compilation_unit.h>

namespace gloce {

using torch::jit::GraphFunction;

std::vector<GraphFunction*> GraphFunctions(const torch::jit::Module& module) {
  std::vector<GraphFunction*> functions;
  for (auto* function : module._ivalue()->compilation_unit()->get_functions()) {
    if (!function->isGraphFunction()) continue;
    function->ensure_defined();
    functions.push_back(&torch::jit::toGraphFunction(*function));
  }
  return functions;
}

void ForEachNode(torch::jit::Block* block,
                 const std::function<void(torch::jit::Node*)>& visit) {
  for (auto it = block->nodes().begin(); it != block->nodes().end();) {
    torch::jit::Node* node = *it++;
    for (torch::jit::Block* inner : node->blocks()) ForEachNode(inner, visit);
    visit(node);
  }
}

}  // namespace gloce
