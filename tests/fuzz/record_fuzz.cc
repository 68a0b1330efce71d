// A line of manifest.jsonl that is read is written and read again as the same
// record.
#include <cstdlib>

#include "base/run_manifest.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gloce::IgnoreErrors([&] {
    const gloce::RunRecord record =
        gloce::FromJsonLine(gloce::AsString(data, size), "fuzz");
    try {
      if (gloce::FromJsonLine(gloce::ToJsonLine(record), "written") != record)
        std::abort();
    } catch (const gloce::Error&) {
      std::abort();
    }
  });
  return 0;
}
