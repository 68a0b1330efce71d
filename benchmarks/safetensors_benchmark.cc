// Erasers files of N concepts at SD 1.4's size, 0.4 MB each, in memory: every
// check of the strict reader, and the writer's, included.
#include <benchmark/benchmark.h>

#include <string>

#include "gloce/erasure/eraser_file.h"
#include "random_erasers.h"

namespace gloce {
namespace {

Erasers Concepts(int64_t num_concepts) {
  return RandomErasers(Sd14Hooks(), std::string(64, '0'), num_concepts);
}

// Argument: N.
void Read(benchmark::State& state) {
  const std::string bytes = SerializeErasers(Concepts(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(ParseErasers(bytes, "benchmark"));
  state.SetBytesProcessed(static_cast<int64_t>(bytes.size()) *
                          state.iterations());
}

void Write(benchmark::State& state) {
  const Erasers erasers = Concepts(state.range(0));
  size_t size = 0;
  for (auto _ : state) {
    const std::string bytes = SerializeErasers(erasers);
    size = bytes.size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(size) * state.iterations());
}

BENCHMARK(Read)->Arg(1)->Arg(50)->Arg(300)->Unit(benchmark::kMillisecond);
BENCHMARK(Write)->Arg(1)->Arg(50)->Arg(300)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gloce
