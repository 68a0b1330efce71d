// The directory of a network's archive, and the same bytes as a pickle: read or
// refused.
#include <map>
#include <sstream>

#include "bundle/pickle_check.h"
#include "bundle/zip_directory.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::map<std::string, uint64_t> storages = {{"0", 16},
                                                           {"1", 48}};
  const std::string bytes = gloce::AsString(data, size);
  gloce::IgnoreErrors([&] {
    std::istringstream in(bytes);
    gloce::ReadZipDirectory(in, "fuzz");
  });
  gloce::IgnoreErrors([&] { gloce::CheckPickle(bytes, storages, "fuzz"); });
  return 0;
}
