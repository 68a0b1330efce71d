#include "bundle/torch_module.h"

#include <torch/csrc/jit/runtime/graph_executor.h>

#include <filesystem>
#include <functional>

#include "bundle/archive_check.h"
#include "bundle/graph_check.h"
#include "bundle/inference_graph.h"
#include "bundle/retarget.h"
#include "bundle/torch_error.h"
#include "bundle/torch_module_impl.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// The profiling executor compiles again in the second run, a pause that users
// see, and may fuse kernels, which changes the last bits.
void UsePlainExecutor() {
  torch::jit::getProfilingMode() = false;
  torch::jit::getExecutorMode() = true;
}

// Throws Error unless dimension `dim` of the weight whose name ends in `weight`
// fits.
void CheckDimension(const TorchModule& network,
                    const torch::jit::Module& module, const std::string& weight,
                    size_t dim, int64_t size, const std::string& key,
                    const std::function<bool(int64_t)>& fits) {
  for (const auto& parameter : module.named_parameters()) {
    if (!parameter.name.ends_with(weight)) continue;
    const at::IntArrayRef sizes = parameter.value.sizes();
    if (dim < sizes.size() && fits(sizes[dim])) return;
    throw Error(network.path() + ": " + parameter.name + ": dimension " +
                std::to_string(dim) + " has " +
                (dim < sizes.size() ? std::to_string(sizes[dim]) : "no") +
                " entries, bundle.json says " + key + " " +
                std::to_string(size) + "; export the bundle again");
  }
}

}  // namespace

TorchModule::TorchModule(const std::string& path)
    : path_(path), impl_(new Impl) {
  UsePlainExecutor();
  if (!std::filesystem::exists(path)) throw Error(path + ": no such file");
  try {
    CheckArchive(path);
    // Debug files, which nobody needs here, would be read unchecked.
    impl_->module = torch::jit::load(path, c10::Device(c10::DeviceType::CPU),
                                     /*load_debug_files=*/false);
    CheckGraphs(impl_->module, path);
    impl_->module.eval();
  } catch (...) {
    RethrowAsError(path + ": cannot load this TorchScript file");
  }
}

TorchModule::~TorchModule() = default;
TorchModule::TorchModule(TorchModule&&) noexcept = default;
TorchModule& TorchModule::operator=(TorchModule&&) noexcept = default;

void TorchModule::Prepare(const Placement& placement, MapLayout layout) {
  if (impl_->has_run)
    throw std::logic_error(path_ + ": prepared after its first run");
  try {
    gloce::Retarget(impl_->module, placement);
    OptimizeForInference(impl_->module, placement, layout);
  } catch (...) {
    RethrowAsError(path_);
  }
}

void TorchModule::CheckWeight(const std::string& weight, size_t dim,
                              int64_t size, const std::string& key) const {
  CheckDimension(*this, impl_->module, weight, dim, size, key,
                 [size](int64_t found) { return found == size; });
}

void TorchModule::CheckCapacity(const std::string& weight, size_t dim,
                                int64_t size, const std::string& key) const {
  CheckDimension(*this, impl_->module, weight, dim, size, key,
                 [size](int64_t found) { return found >= size; });
}

at::Tensor TorchModule::Run(const std::vector<at::Tensor>& inputs) {
  impl_->has_run = true;
  try {
    const c10::InferenceMode no_gradients;
    std::vector<c10::IValue> values(inputs.begin(), inputs.end());
    return impl_->module.forward(std::move(values)).toTensor();
  } catch (...) {
    RethrowAsError(path_);
  }
}

}  // namespace gloce
