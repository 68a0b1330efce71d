#include "erasure/ops.h"

#include <torch/library.h>

#include <mutex>
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

at::Tensor RunHook(const at::Tensor& x, int64_t slot, int64_t layer) {
  ActivationObserver* observer = nullptr;
  {
    Table& table = GetTable();
    const std::lock_guard lock(table.mutex);
    observer = table.observers.at(static_cast<size_t>(slot));
  }
  return observer == nullptr
             ? x
             : observer->OnActivation(x, static_cast<size_t>(layer));
}

// Registered for every backend, and with conservative alias analysis: with a
// pure schema the executor may drop or merge calls that only observe, and this
// operator may return its input.
TORCH_LIBRARY_FRAGMENT(gloce, m) {
  m.def(torch::schema("hook(Tensor x, int slot, int layer) -> Tensor",
                      c10::AliasAnalysisKind::CONSERVATIVE),
        RunHook);
}

}  // namespace

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
