// A sentencepiece model: refused, or usable as both families' tokenizer.
#include <cstdlib>

#include "fuzz_target.h"
#include "text/sentencepiece_tokenizer.h"

namespace {

void Use(const gloce::SentencePieceModel& model,
         const gloce::SentencePieceOptions& options) {
  gloce::IgnoreErrors([&] {
    const gloce::SentencePieceTokenizer tokenizer(model, options, "fuzz");
    const gloce::EncodedText encoded = tokenizer.Encode(
        "a cat's \uff21\u0301 \u2581\u1100\u1161 <pad> \uff1cunk\uff1e\r\n");
    if (encoded.input_ids.size() != 8) std::abort();
    for (const int64_t id : encoded.input_ids) {
      if (id < 0 || id >= tokenizer.vocab_size()) std::abort();
    }
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using gloce::SentencePieceFamily;
  gloce::IgnoreErrors([&] {
    const gloce::SentencePieceModel model =
        gloce::ReadSentencePieceModel(gloce::AsString(data, size), "fuzz");
    const auto unk = static_cast<int64_t>(model.unk);
    Use(model, {SentencePieceFamily::kT5, 8, std::nullopt, 1, 0, unk, {}});
    Use(model, {SentencePieceFamily::kXlmRoberta, 8, 0, 2, 1, 3, {}});
  });
  return 0;
}
