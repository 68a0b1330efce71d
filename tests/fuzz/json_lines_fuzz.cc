// Every row of a prompt table in JSON lines is a prompt or has a message with
// its line.
#include "fuzz_target.h"
#include "prompt_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gloce::IgnoreErrors([&] {
    gloce::CheckPromptRows(gloce::AsString(data, size), "fuzz.jsonl");
  });
  return 0;
}
