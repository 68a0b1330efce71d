#include "fake_device/cuda_rules.h"

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>

#include <optional>
#include <set>
#include <string>

#include "fake_device/counters.h"
#include "fake_device/device.h"

namespace gloce::fake_device {
namespace {

using c10::IValue;

// A CUDA build of LibTorch knows its CUDA kernels, GPU or not; a CPU build is
// asked only whether the operator is ATen's own.
bool CudaHas(const c10::OperatorHandle& op) {
  static const bool is_cuda_build =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("aten::mm", "")
          .hasKernelForDispatchKey(c10::DispatchKey::CUDA);
  return is_cuda_build
             ? op.hasComputedKernelForDispatchKey(c10::DispatchKey::CUDA)
             : op.operator_name().getNamespace() == "aten";
}

// Operators whose CUDA kernels return a size or a status to the host.
bool ReadsBack(const std::string& name) {
  static const std::set<std::string> names = {"aten::nonzero",
                                              "aten::masked_select",
                                              "aten::_unique",
                                              "aten::_unique2",
                                              "aten::unique_dim",
                                              "aten::unique_consecutive",
                                              "aten::equal",
                                              "aten::bincount",
                                              "aten::_linalg_eigh",
                                              "aten::_linalg_eigvals",
                                              "aten::linalg_eig",
                                              "aten::_linalg_svd",
                                              "aten::_linalg_solve_ex",
                                              "aten::linalg_lstsq",
                                              "aten::linalg_inv_ex",
                                              "aten::linalg_cholesky_ex",
                                              "aten::histc",
                                              "aten::repeat_interleave"};
  return names.contains(name);
}

// Only pointwise operators take a 0-dim CPU tensor; these, of those that can
// get one, do not.
bool RefusesCpuScalars(const std::string& name) {
  static const std::set<std::string> names = {
      "aten::index_select", "aten::gather",      "aten::scatter",
      "aten::scatter_",     "aten::scatter_add", "aten::scatter_add_",
      "aten::embedding",    "aten::take",        "aten::index_add",
      "aten::index_add_",   "aten::index_copy",  "aten::index_copy_"};
  return names.contains(name);
}

// cuBLAS rounds float32 products to TF32 where the user or the environment
// (TORCH_ALLOW_TF32_CUBLAS_OVERRIDE) wants that, unless a guard forbids it.
bool MayUseTf32(const std::string& name, c10::ArrayRef<IValue> arguments) {
  static const std::set<std::string> names = {"aten::mm", "aten::bmm",
                                              "aten::addmm", "aten::baddbmm"};
  return names.contains(name) && !at::NoTF32Guard::should_disable_tf32() &&
         arguments[0].toTensor().scalar_type() == at::kFloat;
}

bool TakesCpuIndices(const std::string& name) {
  return name == "aten::index" || name == "aten::index_put" ||
         name == "aten::index_put_" || name == "aten::_index_put_impl_";
}

class Checker {
 public:
  explicit Checker(const c10::FunctionSchema& schema)
      : schema_(schema),
        takes_indices_(TakesCpuIndices(schema.name())),
        takes_scalars_(!RefusesCpuScalars(schema.name())) {}

  void FindDevice(const at::Tensor& tensor) {
    if (tensor.defined() && !tensor.is_cpu() && !device_) {
      device_ = tensor.device();
    }
  }

  void Check(const c10::Argument& formal, const at::Tensor& tensor,
             bool optional_list) const {
    if (!tensor.defined() || !device_) return;
    const bool is_index = takes_indices_ && optional_list;
    if (is_index && (tensor.scalar_type() == at::kBool ||
                     tensor.scalar_type() == at::kByte)) {
      CountSynchronisation();  // how many are set decides the result's size
    }
    if (tensor.device() == *device_) return;
    const bool written =
        formal.alias_info() != nullptr && formal.alias_info()->isWrite();
    const bool scalar = takes_scalars_ && tensor.dim() == 0 && !written;
    TORCH_CHECK(tensor.is_cpu() && (is_index || scalar),
                "Expected all tensors to be on the same device, but found at "
                "least two devices, ",
                *device_, " and ", tensor.device(), "! (argument '",
                formal.name(), "' of ", schema_.operator_name(), ")");
    if (is_index) CountHostToDevice();
  }

 private:
  const c10::FunctionSchema& schema_;
  bool takes_indices_, takes_scalars_;
  std::optional<c10::Device> device_;
};

// Calls visit(argument, tensor, whether it is of a Tensor?[]).
template <typename Visit>
void ForEachTensor(const c10::FunctionSchema& schema,
                   c10::ArrayRef<IValue> arguments, const Visit& visit) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const c10::Argument& formal = schema.arguments()[i];
    const IValue& value = arguments[i];
    if (value.isTensor()) {
      visit(formal, value.toTensor(), false);
    } else if (value.isTensorList()) {
      for (const at::Tensor& tensor : value.toTensorVector()) {
        visit(formal, tensor, false);
      }
    } else if (value.isOptionalTensorList()) {
      for (const auto& tensor : value.toOptionalTensorVector()) {
        if (tensor) visit(formal, *tensor, true);
      }
    }
  }
}

}  // namespace

void CheckAsCuda(const c10::OperatorHandle& op,
                 c10::ArrayRef<IValue> arguments) {
  const c10::FunctionSchema& schema = op.schema();
  TORCH_CHECK_NOT_IMPLEMENTED(CudaHas(op), "Could not run '",
                              schema.operator_name(),
                              "' on the fake device: it has no CUDA kernel");
  Checker checker(schema);
  ForEachTensor(schema, arguments,
                [&](const c10::Argument&, const at::Tensor& tensor, bool) {
                  checker.FindDevice(tensor);
                });
  ForEachTensor(schema, arguments,
                [&](const c10::Argument& formal, const at::Tensor& tensor,
                    bool optional_list) {
                  checker.Check(formal, tensor, optional_list);
                });
  for (const IValue& value : arguments) {
    if (!value.isGenerator() || !value.toGenerator().defined()) continue;
    const c10::DeviceType type = value.toGenerator().device().type();
    TORCH_CHECK(type == kDeviceType, "Expected a '", kDeviceType,
                "' device type for generator but found '", type, "'");
  }
  if (ReadsBack(schema.name())) CountSynchronisation();
  if (MayUseTf32(schema.name(), arguments)) CountTf32Product();
}

}  // namespace gloce::fake_device
