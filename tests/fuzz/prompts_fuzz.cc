// A prompt table of any bytes is read or refused, as CSV, JSON lines and text,
// and where the file's name does not tell.
#include "batch/prompt_table.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes = gloce::AsString(data, size);
  for (const char* path : {"fuzz.csv", "fuzz.jsonl", "fuzz.txt", "fuzz"}) {
    gloce::IgnoreErrors([&] { gloce::ParsePromptTable(bytes, path); });
  }
  return 0;
}
