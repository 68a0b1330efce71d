// Whatever Parse accepts, the writer writes and Parse accepts again, with the
// same tensors. The names may come in another order.
#include <cstdlib>

#include "bundle/safetensors.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gloce::IgnoreErrors([&] {
    const auto file =
        gloce::SafetensorsFile::Parse(gloce::AsString(data, size), "fuzz");
    // An Error from here on is a fault: what was read must be writable.
    try {
      const auto again = gloce::SafetensorsFile::Parse(
          gloce::SerializeSafetensors(file.entries(), file.metadata()),
          "written");
      if (again.metadata() != file.metadata()) std::abort();
      for (const auto& entry : file.entries()) {
        const auto* copy = again.Find(entry.name);
        if (copy == nullptr || copy->data != entry.data ||
            copy->shape != entry.shape) {
          std::abort();
        }
      }
    } catch (const gloce::Error&) {
      std::abort();
    }
  });
  return 0;
}
