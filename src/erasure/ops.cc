#include "erasure/ops.h"

#include <ATen/core/stack.h>
#include <torch/library.h>

#include <mutex>
#include <utility>
#include <vector>

namespace gloce {
namespace {

struct Table {
  std::mutex mutex;
  std::vector<ActivationObserver*> observers;
  std::vector<int64_t> free_ids;
};

Table& GetTable() {
  static auto* const table =
      new Table;  // never destroyed: slots may outlive static destruction
  return *table;
}

// A boxed kernel, since it takes x off the stack: what an unboxed one is given
// stays with its caller, so that nobody could tell whether x is still needed.
void RunHook(const c10::OperatorHandle& /*schema*/, torch::jit::Stack* stack) {
  const auto layer = static_cast<size_t>(torch::jit::pop(*stack).toInt());
  const auto slot = static_cast<size_t>(torch::jit::pop(*stack).toInt());
  at::Tensor x = torch::jit::pop(*stack).toTensor();
  ActivationObserver* observer = nullptr;
  {
    Table& table = GetTable();
    const std::lock_guard lock(table.mutex);
    observer = table.observers.at(slot);
  }
  if (observer != nullptr) x = observer->OnActivation(std::move(x), layer);
  torch::jit::push(*stack, std::move(x));
}

// Registered for every backend, and with conservative alias analysis: with a
// pure schema the executor may drop or merge calls that only observe, and this
// operator may return its input or write to it.
TORCH_LIBRARY_FRAGMENT(gloce, m) {
  m.def(torch::schema("hook(Tensor x, int slot, int layer) -> Tensor",
                      c10::AliasAnalysisKind::CONSERVATIVE),
        torch::CppFunction::makeFromBoxedFunction<&RunHook>());
}

}  // namespace

bool OwnsValues(const at::Tensor& x) {
  return x.use_count() == 1 && x.storage().use_count() == 1;
}

HookSlot::HookSlot() {
  Table& table = GetTable();
  const std::lock_guard lock(table.mutex);
  if (table.free_ids.empty()) {
    id_ = static_cast<int64_t>(table.observers.size());
    table.observers.push_back(nullptr);
  } else {
    id_ = table.free_ids.back();
    table.free_ids.pop_back();
  }
}

HookSlot::~HookSlot() {
  Table& table = GetTable();
  const std::lock_guard lock(table.mutex);
  table.observers[static_cast<size_t>(id_)] = nullptr;
  table.free_ids.push_back(id_);
}

void HookSlot::Install(ActivationObserver* observer) {
  Table& table = GetTable();
  const std::lock_guard lock(table.mutex);
  table.observers[static_cast<size_t>(id_)] = observer;
}

}  // namespace gloce
