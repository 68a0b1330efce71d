// A concept list, a NUL, a bundle's defaults: read or refused, and what is read
// has names that differ and a prompt each.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "fuzz_target.h"
#include "gloce/erasure/concept_list.h"

namespace {

// Removed when the program ends.
class ListFile {
 public:
  ListFile()
      : path_(std::filesystem::temp_directory_path() /
              ("gloce_concepts_fuzz_" + std::to_string(getpid()))) {}
  ~ListFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  ListFile(const ListFile&) = delete;
  ListFile& operator=(const ListFile&) = delete;

  std::string Write(const std::string& text) const {
    std::ofstream(path_, std::ios::binary) << text;
    return path_.string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const ListFile file;
  const auto [list, defaults] = gloce::CutAtNul(gloce::AsString(data, size));
  gloce::IgnoreErrors([&, list_text = list, bundle = defaults] {
    const auto requests =
        gloce::ReadConcepts({file.Write(list_text), {}, bundle, "{}"});
    std::set<std::string> names;
    for (const gloce::ConceptRequest& request : requests) {
      if (!names.insert(request.settings.name).second) std::abort();
      if (request.settings.prompts.empty()) std::abort();
    }
  });
  return 0;
}
