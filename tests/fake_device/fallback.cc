#include "fake_device/fallback.h"

#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>
#include <ATen/native/CPUFallback.h>

#include <optional>
#include <span>

#include "fake_device/cuda_rules.h"
#include "fake_device/device.h"

namespace gloce::fake_device {
namespace {

using c10::IValue;

thread_local int depth = 0;

// A Tensor?[] that the TorchScript interpreter built has its own instance of
// the element type. at::native::cpu_fallback compares instances and would leave
// such a list on the device.
void RebuildOptionalLists(const c10::FunctionSchema& schema,
                          std::span<IValue> arguments) {
  static const c10::TypePtr type =
      c10::getTypePtr<c10::List<std::optional<at::Tensor>>>();
  for (size_t i = 0; i < arguments.size(); ++i) {
    IValue& value = arguments[i];
    if (!value.isList() || value.isOptionalTensorList() ||
        *schema.arguments()[i].type() != *type) {
      continue;
    }
    c10::List<std::optional<at::Tensor>> list;
    for (const IValue& item : value.toListRef()) {
      list.push_back(item.toOptional<at::Tensor>());
    }
    value = std::move(list);
  }
}

// at::native::cpu_fallback puts results where the first tensor argument is,
// which may be a 0-dim CPU tensor.
void MoveFirstTensor(std::span<IValue> arguments) {
  std::optional<c10::Device> device;
  IValue* first = nullptr;
  for (IValue& value : arguments) {
    if (!value.isTensor() || !value.toTensor().defined()) continue;
    if (first == nullptr) first = &value;
    if (!value.toTensor().is_cpu()) device = value.toTensor().device();
  }
  if (device && first->toTensor().is_cpu()) {
    *first = first->toTensor().to(*device);
  }
}

}  // namespace

bool InFallback() { return depth > 0; }

void Fallback(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  struct Depth {
    Depth() { ++depth; }
    ~Depth() { --depth; }
  } const guard;
  const size_t count = op.schema().arguments().size();
  const std::span<IValue> arguments(stack->data() + stack->size() - count,
                                    count);
  RebuildOptionalLists(op.schema(), arguments);
  CheckAsCuda(op, c10::ArrayRef<IValue>(arguments.data(), count));
  for (IValue& value : arguments) {
    if (value.isGenerator() && value.toGenerator().defined()) {
      value = HostGenerator(value.toGenerator());
    }
  }
  MoveFirstTensor(arguments);
  at::native::cpu_fallback(op, stack, /*error_on_views=*/true);
}

}  // namespace gloce::fake_device
