// Walks over the graphs of a loaded archive. Includes LibTorch's IR.
#pragma once

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <functional>
#include <vector>

namespace gloce {

// Methods of every class in the archive, and the free functions that they call.
std::vector<torch::jit::GraphFunction*> GraphFunctions(
    const torch::jit::Module& module);

// Visits all nodes, those of inner blocks before the node that has them. The
// visitor may destroy its node.
void ForEachNode(torch::jit::Block* block,
                 const std::function<void(torch::jit::Node*)>& visit);

}  // namespace gloce
