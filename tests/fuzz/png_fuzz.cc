// Any bytes are read as a PNG's chunks or refused. Checksums of mutated chunks
// are wrong as a rule; the corpus has small files so that some are not.
#include "batch/png_reader.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gloce::IgnoreErrors([&] {
    gloce::ReadPng({reinterpret_cast<const char*>(data), size}, "fuzz");
  });
  return 0;
}
