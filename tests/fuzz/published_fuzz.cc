// Whatever ParsePublishedCheckpoint accepts is written and read again as the
// same bytes.
#include <cstdlib>

#include "erasure/published_checkpoint.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<gloce::HookPoint> hooks = {
      {"a.attn2.to_out.0", 3, ""}, {"b.attn2.to_out.0", 2, ""}};
  gloce::IgnoreErrors([&] {
    const gloce::PublishedCheckpoint checkpoint =
        gloce::ParsePublishedCheckpoint(gloce::AsString(data, size), "fuzz",
                                        hooks);
    // An Error from here on is a fault: what was read must be writable.
    try {
      const std::string written =
          gloce::SerializePublishedCheckpoint(checkpoint);
      const auto again =
          gloce::ParsePublishedCheckpoint(written, "written", hooks);
      if (gloce::SerializePublishedCheckpoint(again) != written) std::abort();
    } catch (const gloce::Error&) {
      std::abort();
    }
  });
  return 0;
}
