#include "erasure/graph_surgery.h"

#include <torch/csrc/jit/api/function_impl.h>

#include <map>

#include "bundle/torch_error.h"
#include "bundle/torch_module_impl.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

// Submodules by path, without the exporter's wrapper: "unet.down_blocks.0" is
// "down_blocks.0".
std::map<std::string, Module> SubmodulesByPath(const Module& root) {
  std::map<std::string, Module> modules;
  for (const auto& item : root.named_modules()) {
    const auto dot = item.name.find('.');
    if (dot != std::string::npos)
      modules.emplace(item.name.substr(dot + 1), item.value);
  }
  return modules;
}

// How many submodules use each type. A trace makes a type for each module; a
// scripted network one for each class, so that editing one layer's methods
// would edit all its kin.
std::map<const c10::Type*, int> CountTypes(const Module& root) {
  std::map<const c10::Type*, int> counts;
  for (const auto& item : root.named_modules())
    ++counts[item.value.type().get()];
  return counts;
}

void CheckWidth(const std::string& file, const HookPoint& hook,
                const Module& layer) {
  if (!layer.hasattr("weight"))
    return;  // a wrapped projection; its width shows in the first run
  const int64_t width = layer.attr("weight").toTensor().size(0);
  if (width != hook.width) {
    throw Error(file + ": " + hook.path + ": width: got " +
                std::to_string(width) + ", expected " +
                std::to_string(hook.width) +
                " as bundle.json says; export the pipeline again");
  }
}

void InsertIntoMethod(const torch::jit::Method& method, int64_t slot,
                      int64_t layer) {
  const auto graph = torch::jit::toGraphFunction(method.function()).graph();
  Value* output = graph->outputs().at(0);
  const torch::jit::WithInsertPoint before_return(graph->return_node());
  Value* slot_value = graph->insertConstant(slot);
  Value* layer_value = graph->insertConstant(layer);
  Node* hook = graph->insertNode(
      graph->create(c10::Symbol::fromQualString("gloce::hook"),
                    {output, slot_value, layer_value}, 1));
  hook->output()->setType(output->type());
  graph->return_node()->replaceInput(0, hook->output());
}

}  // namespace

void InsertHooks(TorchModule& network, const std::vector<HookPoint>& hooks,
                 const HookSlot& slot) {
  const std::string& file = network.path();
  const Module& root = network.impl().module;
  if (network.impl().has_run)
    throw std::logic_error(file + ": hooked after its first run");
  if (hooks.empty()) {
    throw Error(file +
                ": has no cross-attention output projection to hook; gloce "
                "needs a U-Net "
                "with layers named …attn2.to_out.0");
  }
  const auto modules = SubmodulesByPath(root);
  if (modules.empty()) {
    throw Error(file +
                ": this network is frozen, its layers have lost their names; "
                "trace it without "
                "torch.jit.freeze or optimize_for_inference "
                "(scripts/export_bundle.py does)");
  }
  const auto type_counts = CountTypes(root);
  for (size_t i = 0; i < hooks.size(); ++i) {
    const auto found = modules.find(hooks[i].path);
    if (found == modules.end()) {
      throw Error(file + ": hook point " + hooks[i].path +
                  " is missing; bundle.json and the network do not belong "
                  "together, export again");
    }
    const Module& layer = found->second;
    if (type_counts.at(layer.type().get()) > 1) {
      throw Error(file +
                  ": this network was scripted, its layers share their code; "
                  "export it with "
                  "torch.jit.trace (scripts/export_bundle.py does)");
    }
    CheckWidth(file, hooks[i], layer);
    for (const auto& method : layer.get_methods()) {
      InsertIntoMethod(method, slot.id(), static_cast<int64_t>(i));
    }
  }
}

}  // namespace gloce
