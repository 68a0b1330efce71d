// Whatever ParseGateMaps accepts is written and read again as the same bytes.
#include <cstdlib>

#include "fuzz_target.h"
#include "gloce/erasure/gate_maps.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gloce::IgnoreErrors([&] {
    const gloce::GateMaps maps =
        gloce::ParseGateMaps(gloce::AsString(data, size), "fuzz");
    // An Error from here on is a fault: what was read must be writable.
    try {
      const std::string written = gloce::SerializeGateMaps(maps);
      const gloce::GateMaps again = gloce::ParseGateMaps(written, "written");
      if (gloce::SerializeGateMaps(again) != written) std::abort();
    } catch (const gloce::Error&) {
      std::abort();
    }
  });
  return 0;
}
