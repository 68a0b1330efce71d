#include "bundle/inference_graph.h"

#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gloce {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

bool IsOneOf(const Node* node, std::initializer_list<const char*> kinds) {
  const std::string kind = node->kind().toQualString();
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](const char* k) { return kind == k; });
}

// Nodes of the outermost block: a trace has no other.
std::vector<Node*> NodesOf(Graph& graph) {
  return {graph.nodes().begin(), graph.nodes().end()};
}

void ReplaceBy(Node* node, Value* value) {
  node->output()->replaceAllUsesWith(value);
  node->destroy();
}

// Whether `value` is certainly a floating-point tensor, which a division by 1
// leaves alone; integers would become floating.
bool IsFloating(const Value* value) {
  const Node* node = value->node();
  if (IsOneOf(node, {"aten::linear", "aten::_convolution", "aten::group_norm",
                     "aten::layer_norm", "aten::silu", "gloce::hook"}))
    return true;
  if (!IsOneOf(node, {"aten::add", "aten::div", "aten::dropout"})) return false;
  return std::any_of(node->inputs().begin(), node->inputs().end(), IsFloating);
}

// A number, or a tensor of no dimensions, which traces make of some.
bool IsOne(const Value* value) {
  const auto constant = torch::jit::toIValue(value);
  if (!constant) return false;
  if (constant->isScalar()) return constant->toScalar().toDouble() == 1;
  if (!constant->isTensor()) return false;
  const at::Tensor& tensor = constant->toTensor();
  return tensor.defined() && tensor.dim() == 0 && tensor.item().toDouble() == 1;
}

bool DoesNothing(const Node* node) {
  if (IsOneOf(node, {"aten::dropout"})) {
    const auto train = torch::jit::constant_as<bool>(node->input(2));
    return train && !*train;
  }
  return IsOneOf(node, {"aten::div"}) && node->inputs().size() == 2 &&
         IsOne(node->input(1)) && IsFloating(node->input(0));
}

void DropWhatDoesNothing(Graph& graph) {
  for (Node* node : NodesOf(graph)) {
    if (DoesNothing(node)) ReplaceBy(node, node->input(0));
  }
}

// silu(x) → silu_(x) where x is a fresh tensor that nothing else reads.
void OverwriteInputsOfSilu(Graph& graph) {
  for (Node* node : NodesOf(graph)) {
    if (!IsOneOf(node, {"aten::silu"})) continue;
    Value* x = node->input();
    if (x->uses().size() != 1 ||
        !IsOneOf(x->node(),
                 {"aten::group_norm", "aten::linear", "aten::_convolution"}))
      continue;
    Node* in_place = graph.create(c10::Symbol::aten("silu_"), {x}, 1);
    in_place->output()->setType(node->output()->type());
    in_place->insertBefore(node);
    ReplaceBy(node, in_place->output());
  }
}

// Where a module's graph reads one of its tensors.
struct Slot {
  c10::intrusive_ptr<c10::ivalue::Object> object;
  std::string name;
};

// Follows prim::GetAttr from `self`; nothing for any other value.
std::optional<Slot> FindSlot(const torch::jit::Module& self,
                             const Value* value) {
  const Node* node = value->node();
  if (node->kind() != c10::prim::GetAttr) return std::nullopt;
  const std::string& name = node->s(c10::attr::name);
  if (node->input() == node->owningGraph()->inputs().at(0))
    return Slot{self._ivalue(), name};
  const auto owner = FindSlot(self, node->input());
  if (!owner) return std::nullopt;
  return Slot{owner->object->getAttr(owner->name).toObject(), name};
}

// A convolution's arguments that are constants of its graph.
struct ConvolutionShape {
  std::vector<int64_t> stride, padding, dilation;
  int64_t groups;
};

// Nothing for convolutions that are transposed, not over two dimensions, or not
// fixed.
std::optional<ConvolutionShape> ShapeOf(const Node* node) {
  const auto list = [&](size_t i) {
    std::vector<int64_t> values;
    const Node* made = node->input(i)->node();
    if (const auto constant = torch::jit::toIValue(node->input(i)))
      return constant->toIntVector();
    if (made->kind() != c10::prim::ListConstruct) return values;
    for (const Value* element : made->inputs()) {
      const auto number = torch::jit::constant_as<int64_t>(element);
      if (!number) return std::vector<int64_t>();
      values.push_back(*number);
    }
    return values;
  };
  const auto transposed = torch::jit::constant_as<bool>(node->input(6));
  const auto groups = torch::jit::constant_as<int64_t>(node->input(8));
  ConvolutionShape shape{list(3), list(4), list(5), groups.value_or(0)};
  if (!transposed || *transposed || !groups || shape.stride.size() != 2 ||
      shape.padding.size() != 2 || shape.dilation.size() != 2)
    return std::nullopt;
  return shape;
}

// A convolution over two dimensions whose weight nothing else reads.
struct Convolution {
  Node* node;
  Slot slot;
  ConvolutionShape shape;

  // (C_out, C_in / groups, K, K). Read when it is needed: a copy would keep
  // its memory.
  at::Tensor weight() const {
    return slot.object->getAttr(slot.name).toTensor();
  }
};

// Whether `use` looks at a tensor's dtype alone (see retarget.h).
bool ReadsOnlyTheDtype(const torch::jit::Use& use) {
  return use.offset == 1 && IsOneOf(use.user, {"gloce::match_dtype"});
}

size_t NumReaders(const Value* value) {
  return static_cast<size_t>(
      std::count_if(value->uses().begin(), value->uses().end(),
                    [](const auto& use) { return !ReadsOnlyTheDtype(use); }));
}

std::vector<Convolution> FindConvolutions(Graph& graph,
                                          const torch::jit::Module& module) {
  std::map<std::pair<const void*, std::string>, size_t> num_readers;
  for (Node* node : NodesOf(graph)) {
    if (node->kind() != c10::prim::GetAttr) continue;
    if (const auto slot = FindSlot(module, node->output()))
      num_readers[{slot->object.get(), slot->name}] +=
          NumReaders(node->output());
  }
  std::vector<Convolution> found;
  for (Node* node : NodesOf(graph)) {
    if (!IsOneOf(node, {"aten::_convolution"})) continue;
    const auto slot = FindSlot(module, node->input(1));
    const auto shape = ShapeOf(node);
    if (!slot || !shape ||
        num_readers.at({slot->object.get(), slot->name}) != 1)
      continue;
    const Convolution convolution{node, *slot, *shape};
    const at::Tensor weight = convolution.weight();
    if (weight.dim() == 4 && weight.layout() == at::kStrided)
      found.push_back(convolution);
  }
  return found;
}

// Small networks spend as much time on a call's set-up as on its sums. In large
// ones packing gains where maps are small and loses where they are large: with
// a packed weight oneDNN computes channels-last, 1.3 times slower on 960 × 64 ×
// 64 in float32. So float32 is packed where no weight is larger than this;
// half types, whose sums are quick, everywhere (docs/performance.md).
constexpr size_t kLargestWeightBytes = 2 << 20;

bool PackingPays(const std::vector<Convolution>& convolutions) {
  return std::all_of(convolutions.begin(), convolutions.end(),
                     [](const Convolution& c) {
                       return c.weight().scalar_type() != at::kFloat ||
                              c.weight().nbytes() <= kLargestWeightBytes;
                     });
}

// `weight` in the layout that oneDNN's kernels read.
at::Tensor Pack(const at::Tensor& weight, const ConvolutionShape& shape) {
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(
      "mkldnn::_reorder_convolution_weight", "");
  torch::jit::Stack stack{weight.contiguous(), shape.padding, shape.stride,
                          shape.dilation,      shape.groups,  c10::IValue()};
  op.callBoxed(stack);
  return stack.at(0).toTensor();
}

// oneDNN refuses half types on processors without the instructions for them.
bool CanPack(at::ScalarType dtype) {
  try {
    Pack(at::ones({1, 1, 1, 1}, dtype), {{1, 1}, {0, 0}, {1, 1}, 1});
    return true;
  } catch (const c10::Error&) {
    return false;
  }
}

// _convolution(x, w, b, stride, padding, dilation, transposed, output_padding,
// groups, …) → the same on a packed w.
void UsePackedWeight(Node* node) {
  Graph& graph = *node->owningGraph();
  const torch::jit::WithInsertPoint before(node);
  Value* no_activation = graph.insertConstant("none");
  Value* no_scalars =
      graph
          .insertNode(graph.createList(
              c10::OptionalType::create(c10::NumberType::get()), {}))
          ->output();
  Node* packed = graph.insertNode(graph.create(
      c10::Symbol::fromQualString("mkldnn::_convolution_pointwise"),
      {node->input(0), node->input(1), node->input(2), node->input(4),
       node->input(3), node->input(5), node->input(8), no_activation,
       no_scalars, graph.insertConstant("")},
      1));
  packed->output()->setType(node->output()->type());
  ReplaceBy(node, packed->output());
}

// Lays out the weights that one convolution alone reads. Others, which are
// rare, would have to agree on a layout.
void LayOutWeights(Graph& graph, const torch::jit::Module& module,
                   at::ScalarType dtype, MapLayout layout) {
  const std::vector<Convolution> convolutions = FindConvolutions(graph, module);
  const bool pack = PackingPays(convolutions) && CanPack(dtype);
  if (!pack && layout == MapLayout::kAsTraced) return;
  for (const Convolution& convolution : convolutions) {
    const Slot& slot = convolution.slot;
    if (pack) {
      slot.object->setAttr(slot.name,
                           Pack(convolution.weight(), convolution.shape));
      UsePackedWeight(convolution.node);
    } else {
      slot.object->setAttr(slot.name, convolution.weight().contiguous(
                                          at::MemoryFormat::ChannelsLast));
    }
  }
}

}  // namespace

void OptimizeForInference(torch::jit::Module& module,
                          const Placement& placement, MapLayout layout) {
  const c10::InferenceMode no_gradients(false);
  const at::NoGradGuard no_grad;
  Graph& graph =
      *torch::jit::toGraphFunction(module.get_method("forward").function())
           .graph();
  torch::jit::Inline(graph);
  DropWhatDoesNothing(graph);
  OverwriteInputsOfSilu(graph);
  if (placement.device.is_cpu() && at::hasMKLDNN() &&
      at::globalContext().userEnabledMkldnn()) {
    LayOutWeights(graph, module, placement.dtype, layout);
  }
  torch::jit::EliminateDeadCode(graph.block());
}

}  // namespace gloce
