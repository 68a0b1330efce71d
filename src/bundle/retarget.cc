#include "bundle/retarget.h"

#include <torch/csrc/jit/ir/constants.h>

#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "bundle/module_graphs.h"

namespace gloce {
namespace {

using torch::jit::GraphFunction;
using torch::jit::Node;
using torch::jit::Value;
namespace attr = c10::attr;
namespace prim = c10::prim;

using TensorMap = std::function<at::Tensor(const at::Tensor&)>;

// Replaces every tensor that can be reached from a value, through objects and
// containers.
class TensorWalk {
 public:
  explicit TensorWalk(TensorMap map) : map_(std::move(map)) {}

  c10::IValue operator()(const c10::IValue& value) {
    if (value.isTensor()) {
      return value.toTensor().defined() ? c10::IValue(map_(value.toTensor()))
                                        : value;
    }
    if (value.isObject()) {
      WalkObject(value);
    } else if (value.isList()) {  // in place: whoever else holds the list sees
                                  // the change
      auto list = value.toList();
      for (size_t i = 0; i < list.size(); ++i)
        list.set(i, (*this)(list.get(i)));
    } else if (value.isGenericDict()) {
      for (const auto& item : value.toGenericDict()) {
        item.setValue((*this)(item.value()));
      }
    } else if (value.isTuple()) {
      std::vector<c10::IValue> elements;
      for (const auto& element : value.toTupleRef().elements()) {
        elements.push_back((*this)(element));
      }
      return c10::ivalue::Tuple::create(std::move(elements));
    }
    return value;
  }

 private:
  void WalkObject(const c10::IValue& value) {
    const auto object = value.toObject();
    if (!seen_.insert(object.get()).second) return;
    for (size_t i = 0; i < object->slots().size(); ++i) {
      const c10::IValue slot = object->getSlot(i);
      c10::IValue mapped = (*this)(slot);
      if (!mapped.is(slot)) object->setSlot(i, std::move(mapped));
    }
  }

  TensorMap map_;
  std::unordered_set<const void*> seen_;
};

bool IsNone(const Value* value) {
  return value->type()->kind() == c10::TypeKind::NoneType;
}

bool IsDeviceLiteral(const Node* node) {
  return node->kind() == prim::Constant &&
         node->output()->type()->kind() == c10::TypeKind::DeviceObjType;
}

// Which inputs of an operator must have the dtype of which other input.
struct DtypeRule {
  std::vector<size_t> followers;
  size_t leader;
};

const DtypeRule* FindDtypeRule(const Node* node) {
  static const auto* const rules = [] {
    auto* map = new std::map<std::string, DtypeRule>;
    for (const char* op :
         {"linear", "_convolution", "conv1d", "conv2d", "conv3d", "convolution",
          "conv_transpose2d", "matmul", "mm", "bmm", "batch_norm", "prelu"}) {
      map->emplace(std::string("aten::") + op, DtypeRule{{0}, 1});
    }
    for (const char* op : {"layer_norm", "group_norm", "rms_norm"}) {
      map->emplace(std::string("aten::") + op, DtypeRule{{0}, 2});
    }
    map->emplace("aten::addmm", DtypeRule{{1}, 2});
    map->emplace("aten::baddbmm", DtypeRule{{0, 1}, 2});
    map->emplace("aten::scaled_dot_product_attention", DtypeRule{{0, 1, 3}, 2});
    return map;
  }();
  const auto found = rules->find(node->kind().toQualString());
  return found == rules->end() ? nullptr : &found->second;
}

at::Tensor MatchDtype(const at::Tensor& x, const at::Tensor& like) {
  if (!x.is_floating_point() || !like.is_floating_point()) return x;
  return x.to(like.scalar_type());
}

TORCH_LIBRARY_FRAGMENT(gloce, m) {
  // Returns x itself where nothing has to be cast, hence the alias.
  m.def("match_dtype(Tensor(a) x, Tensor like) -> Tensor(a)", MatchDtype);
}

void InsertCasts(torch::jit::Graph& graph) {
  ForEachNode(graph.block(), [&](Node* node) {
    const DtypeRule* rule = FindDtypeRule(node);
    if (rule == nullptr || IsNone(node->input(rule->leader))) return;
    const torch::jit::WithInsertPoint before(node);
    for (const size_t i : rule->followers) {
      if (i >= node->inputs().size() || IsNone(node->input(i))) continue;
      Node* cast = graph.insertNode(
          graph.create(c10::Symbol::fromQualString("gloce::match_dtype"),
                       {node->input(i), node->input(rule->leader)}, 1));
      node->replaceInput(i, cast->output());
    }
  });
}

// A frozen module's weights are constants of its graph.
bool IsWeight(const Value* value) {
  for (const auto& use : value->uses()) {
    if (FindDtypeRule(use.user) != nullptr && use.offset > 0) return true;
  }
  return false;
}

// Moves tensors; equal sources give equal results, so that tied weights stay
// tied.
class Mover {
 public:
  explicit Mover(const Placement& placement) : placement_(placement) {}

  at::Tensor operator()(const at::Tensor& tensor, bool cast) {
    const auto dtype = cast && tensor.is_floating_point()
                           ? placement_.dtype
                           : tensor.scalar_type();
    if (tensor.device() == placement_.device && tensor.scalar_type() == dtype)
      return tensor;
    auto [it, fresh] = moved_.try_emplace(tensor.unsafeGetTensorImpl());
    if (fresh) {
      // A weak reference keeps the address from being used again, yet lets the
      // source's memory go.
      keys_.emplace_back(tensor.getIntrusivePtr());
      it->second = tensor.detach().to(placement_.device, dtype);
      changed_dtype_ |= tensor.scalar_type() != dtype;
    }
    return it->second;
  }

  bool changed_dtype() const { return changed_dtype_; }

 private:
  Placement placement_;
  bool changed_dtype_ = false;
  std::unordered_map<c10::TensorImpl*, at::Tensor> moved_;
  std::vector<c10::weak_intrusive_ptr<c10::TensorImpl>> keys_;
};

void RetargetConstant(Node* node, Mover& move) {
  const c10::IValue value = *torch::jit::toIValue(node->output());
  const bool cast = IsWeight(node->output());
  const TensorMap map = [&](const at::Tensor& tensor) {
    return tensor.dim() > 0 ? move(tensor, cast) : tensor.cpu();
  };
  if (value.isTensor()) {
    if (value.toTensor().defined())
      node->t_(attr::value, map(value.toTensor()));
  } else if (node->kindOf(attr::value) == torch::jit::AttributeKind::ival) {
    node->ival_(attr::value, TensorWalk(map)(value));
  }
}

// torch.zeros(3) in scripted code: no device means the CPU.
void GiveDevice(torch::jit::Graph& graph, Node* node, c10::Device device) {
  const c10::FunctionSchema* schema = node->maybeSchema();
  if (schema == nullptr) return;
  const auto at = schema->argumentIndexWithName("device");
  if (!at || !IsNone(node->input(static_cast<size_t>(*at)))) return;
  for (const auto& argument : schema->arguments()) {
    if (argument.type()->isSubtypeOf(*c10::TensorType::get()))
      return;  // takes its input's device
  }
  const torch::jit::WithInsertPoint before(node);
  node->replaceInput(static_cast<size_t>(*at), graph.insertConstant(device));
}

}  // namespace

void Retarget(torch::jit::Module& module, const Placement& placement) {
  const c10::InferenceMode no_gradients(false);
  const at::NoGradGuard no_grad;
  Mover move(placement);
  TensorWalk([&](const at::Tensor& tensor) { return move(tensor, true); })(
      module._ivalue());
  for (GraphFunction* function : GraphFunctions(module)) {
    const auto graph = function->graph();
    ForEachNode(graph->block(), [&](Node* node) {
      if (IsDeviceLiteral(node)) {
        node->s_(attr::value, placement.device.str());
      } else if (node->kind() == prim::Constant &&
                 node->hasAttribute(attr::value)) {
        RetargetConstant(node, move);
      } else {
        GiveDevice(*graph, node, placement.device);
      }
    });
    if (placement.dtype != at::kFloat || move.changed_dtype()) {
      InsertCasts(*graph);
    }
  }
}

}  // namespace gloce
