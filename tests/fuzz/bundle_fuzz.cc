// bundle.json: any text is read or refused.
#include "bundle/manifest.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gloce::IgnoreErrors(
      [&] { gloce::ParseBundleManifest(gloce::AsString(data, size), "fuzz"); });
  return 0;
}
