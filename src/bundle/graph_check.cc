#include "bundle/graph_check.h"

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <functional>

#include "base/json.h"
#include "bundle/allowed_operators.h"
#include "bundle/module_graphs.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using torch::jit::GraphFunction;
using torch::jit::Module;
using torch::jit::Node;

// "unet.mid_block" for a method of that submodule's class, else the function's
// own name.
std::string PlaceOf(const GraphFunction& function, const Module& root) {
  const auto& name = function.qualname();
  for (const auto& item : root.named_modules()) {
    const auto& type = item.value.type()->name();
    if (type && type->qualifiedName() == name.prefix() && !item.name.empty()) {
      return "module " + QuoteForMessage(item.name, 120);
    }
  }
  return "function " + QuoteForMessage(name.qualifiedName(), 120);
}

}  // namespace

void CheckGraphs(const Module& module, const std::string& path) {
  for (GraphFunction* function : GraphFunctions(module)) {
    ForEachNode(function->graph()->block(), [&](const Node* node) {
      const std::string kind = node->kind().toQualString();
      if (IsAllowedOperator(kind)) return;
      throw Error(path + ": " + PlaceOf(*function, module) + ": operator " +
                  QuoteForMessage(kind) +
                  " is refused: networks may only compute; do not use this "
                  "bundle unless you know who made it (docs/security.md)");
    });
  }
}

}  // namespace gloce
