// vocab.json, a NUL, merges.txt: the tokenizer refuses them or works.
#include <cstdlib>

#include "fuzz_target.h"
#include "text/clip_bpe.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto files = gloce::CutAtNul(gloce::AsString(data, size));
  gloce::IgnoreErrors([&] {
    const gloce::ClipBpeTokenizer tokenizer(files.first, files.second,
                                            {8, 0, 1, 2, 3, {}}, "fuzz");
    if (tokenizer.Encode("aab ABBA 'tis 12 \u00e9!!").input_ids.size() != 8) {
      std::abort();
    }
  });
  return 0;
}
