// What TorchModule holds. Includes torch/script.h (6 s a file): for the files
// that edit graphs.
#pragma once

#include <torch/script.h>

#include "bundle/torch_module.h"

namespace gloce {

struct TorchModule::Impl {
  torch::jit::Module module;
  bool has_run = false;
};

}  // namespace gloce
