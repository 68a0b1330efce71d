// Whatever ParseErasers accepts is written and read again as the same bytes.
#include <cstdlib>

#include "fuzz_target.h"
#include "gloce/erasure/eraser_file.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gloce::IgnoreErrors([&] {
    const gloce::Erasers erasers =
        gloce::ParseErasers(gloce::AsString(data, size), "fuzz");
    // An Error from here on is a fault: what was read must be writable.
    try {
      const std::string written = gloce::SerializeErasers(erasers);
      const gloce::Erasers again = gloce::ParseErasers(written, "written");
      if (gloce::SerializeErasers(again) != written) std::abort();
    } catch (const gloce::Error&) {
      std::abort();
    }
  });
  return 0;
}
