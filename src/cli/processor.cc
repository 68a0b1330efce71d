#include "cli/processor.h"

#include <ATen/cpu/Utils.h>

#include "cli/log.h"

namespace gloce {

std::vector<std::string> Bfloat16Extensions() {
  std::vector<std::string> found;
  const auto capabilities = at::cpu::get_cpu_capabilities();
  for (const char* name : {"avx512_bf16", "amx_bf16", "bf16"}) {
    const auto capability = capabilities.find(name);
    if (capability != capabilities.end() && capability->second.isBool() &&
        capability->second.toBool()) {
      found.emplace_back(name);
    }
  }
  return found;
}

std::string DtypeWarning(const Placement& placement,
                         const std::vector<std::string>& bfloat16_extensions) {
  if (!placement.device.is_cpu() ||
      placement.dtype != c10::ScalarType::BFloat16 ||
      !bfloat16_extensions.empty())
    return "";
  return "--dtype bfloat16: this processor has no instructions for it, so that "
         "it saves memory but no time; float32 is likely faster";
}

void WarnOfSlowDtype(const Placement& placement) {
  const std::string text = DtypeWarning(placement, Bfloat16Extensions());
  if (!text.empty()) LogWarning(text);
}

}  // namespace gloce
