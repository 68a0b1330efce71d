// CLIP's tokenizer with the demo's vocabulary.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "gloce/bundle/bundle.h"
#include "gloce/text/tokenizer.h"
#include "text/make_tokenizer.h"

namespace gloce {
namespace {

std::string Text(int64_t kind) {
  if (kind == 0) return "a picture of a cat and a guitar, pixel art";
  if (kind == 1) {
    return "An oil painting of Žofia Müller-Østergård in the style of the "
           "1920s; 4k, trending, “highly detailed”, f/1.8 — 日本の浮世絵";
  }
  std::string text;  // far longer than what is kept
  for (int i = 0; i < 2000; ++i) text += "unbelievably long prompts ";
  return text;
}

// Argument: 0 a short prompt, 1 one with other scripts, 2 one of 52 kB.
void Encode(benchmark::State& state) {
  const std::unique_ptr<Tokenizer> tokenizer =
      MakeTokenizer(Bundle(GLOCE_BUNDLE));
  const std::string text = Text(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer->Encode(text));
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) *
                          state.iterations());
}
BENCHMARK(Encode)->DenseRange(0, 2)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace gloce
