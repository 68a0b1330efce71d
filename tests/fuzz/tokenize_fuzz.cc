// Any bytes are refused as "not UTF-8" or tokenised, and normalising twice
// changes nothing that normalising once did not.
#include <cstdlib>

#include "fuzz_target.h"
#include "text/clip_bpe.h"
#include "text/nfc.h"
#include "text/unicode.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const tokenizer = new gloce::ClipBpeTokenizer(
      R"({"<s>":0,"<e>":1,"a":2,"b</w>":3,"ab</w>":4,"!":5})",
      "#version: 0.2\na b</w>\n",
      {8, 0, 1, 1, 1, {{"<s>", 0, true}, {"<e>", 1, false}}}, "fuzz");
  const std::string text = gloce::AsString(data, size);
  if (gloce::FindInvalidUtf8(text) != std::string::npos) {
    gloce::IgnoreErrors([&] {
      tokenizer->Tokenize(text);
      std::abort();
    });
    return 0;
  }
  const std::u32string code_points = gloce::DecodeUtf8(text);
  if (gloce::EncodeUtf8(code_points) != text) std::abort();
  const std::u32string composed = gloce::ToNfc(code_points);
  if (gloce::ToNfc(composed) != composed) std::abort();
  if (tokenizer->Encode(text).input_ids.size() != 8) std::abort();
  return 0;
}
