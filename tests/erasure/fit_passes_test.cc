// Every (prompt, seed, step) of a list goes through the network once, in
// whatever roles: counted at the hook points, not by the fit's own progress.
#include <ATen/record_function.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "erasure/plain_fit.h"
#include "gloce/base/error.h"
#include "gloce/erasure/eraser_file.h"
#include "gloce/erasure/fit.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

// LibTorch takes plain functions, so what they find is kept here.
int64_t hooked_rows = 0;

std::unique_ptr<at::ObserverContext> OnStart(
    const at::RecordFunction& function) {
  if (std::strcmp(function.name(), "gloce::hook") == 0)  // x, slot, layer
    hooked_rows += function.inputs()[0].toTensor().size(0);
  return nullptr;
}

// Counts the rows that reach the hook points, whoever is installed there.
class RowCounter {
 public:
  RowCounter()
      : handle_(at::addGlobalCallback(
            at::RecordFunctionCallback(OnStart).needsInputs(true).scopes(
                {at::RecordScope::FUNCTION}))) {
    hooked_rows = 0;
  }
  ~RowCounter() { at::removeCallback(handle_); }
  RowCounter(const RowCounter&) = delete;
  RowCounter& operator=(const RowCounter&) = delete;

  int64_t rows() const { return hooked_rows; }

 private:
  at::CallbackHandle handle_;
};

constexpr int64_t kSeeds = 2;
constexpr int64_t kEnd = 3;
constexpr int64_t kRecorded = 2;  // calls 2 and 3

ConceptSettings Concept(const std::string& name,
                        const std::vector<std::string>& mapping,
                        const std::string& surrogate,
                        const std::vector<std::string>& anchors) {
  ConceptSettings settings;
  settings.name = name;
  settings.prompts = {name};
  settings.mapping = mapping;
  settings.surrogate = {surrogate};
  settings.anchors = anchors;
  settings.rank_target = 4;
  settings.statistics.num_inference_steps = 8;
  settings.statistics.window_start = 1;
  settings.statistics.window_end = kEnd;
  settings.statistics.num_seeds = kSeeds;
  return settings;
}

// Prompts meet in every pair of roles, and anchors in circles: cat and fox
// score each other, owl itself, box its own surrogate.
std::vector<ConceptSettings> Overlapping() {
  return {
      Concept("cat", {"a gift", "a corn"}, "a thing", {"fox", "a dog"}),
      Concept("fox", {"a thing"}, "a thing", {"cat", "a gift", "a wolf"}),
      Concept("owl", {"a corn", "cat"}, "fox", {"owl", "a dog"}),
      Concept("box", {"a gift"}, "a plant", {"a plant", "a dog", "a dog"}),
      Concept("a plant", {"a corn"}, "a thing", {"a wolf", "a bell"}),
  };
}

constexpr int64_t kUnique = 11;  // cat fox owl box, a thing plant gift corn …
constexpr int64_t kLeast = kUnique * kSeeds * (kEnd + 1);

class FitPassesTest : public testing::Test {
 protected:
  // Calls of the network, a row with and without its prompt each, and bytes.
  struct Outcome {
    int64_t calls;
    std::string bytes;
  };
  Outcome Run(const FitOptions& options) {
    const RowCounter counter;
    const Erasers erasers = FitErasers(pipeline_, Overlapping(), options);
    const auto layers =
        static_cast<int64_t>(pipeline_.bundle().manifest().hooks.size());
    EXPECT_EQ(counter.rows() % (2 * layers), 0);
    return {counter.rows() / (2 * layers), SerializeErasers(erasers)};
  }

  static FitOptions Options(int64_t batch_size) {
    FitOptions options;
    options.batch_size = batch_size;
    return options;
  }

  // Of random weights: what is kept and run again does not depend on them.
  Pipeline pipeline_{GLOCE_BUNDLES "/sd1", {}};
};

TEST_F(FitPassesTest, ThePromptsAreAsManyAsTheirNumberSays) {
  std::set<std::string> prompts;
  for (const ConceptSettings& c : Overlapping()) {
    for (const auto* list : {&c.prompts, &c.mapping, &c.surrogate, &c.anchors})
      prompts.insert(list->begin(), list->end());
  }
  EXPECT_EQ(static_cast<int64_t>(prompts.size()), kUnique);
}

TEST_F(FitPassesTest, EveryPassIsRunOnce) {
  for (const int64_t batch_size : {1, 3, 16}) {
    const FitOptions options = Options(batch_size);
    EXPECT_EQ(Run(options).calls, kLeast) << batch_size;
    const FitCost cost = EstimateFit(pipeline_, Overlapping(), options);
    EXPECT_EQ(cost.calls(), kLeast) << batch_size;
    EXPECT_EQ(cost.repeated, 0) << batch_size;
  }
}

// What was kept is scored as what is sampled for the gates: no bit differs.
TEST_F(FitPassesTest, WhatDoesNotFitIsSampledAgainAndChangesNoBit) {
  FitOptions options = Options(3);
  const Outcome kept = Run(options);
  const FitCost all = EstimateFit(pipeline_, Overlapping(), options);
  // First phase: a thing, fox, a plant, cat, owl, box in four batches of three
  // passes. Anchors of it: fox, a plant, cat and owl.
  const int64_t pass = all.kept_bytes / (4 * kSeeds);
  EXPECT_EQ(all.kept_bytes, 4 * kSeeds * pass);
  EXPECT_GT(pass, 0);
  int64_t last = kept.calls;
  for (const int64_t limit : {4 * kSeeds * pass - 1, 3 * pass, int64_t{0}}) {
    options.kept_bytes = limit;
    const FitCost cost = EstimateFit(pipeline_, Overlapping(), options);
    const Outcome again = Run(options);
    EXPECT_EQ(again.bytes, kept.bytes) << limit;
    EXPECT_EQ(again.calls, cost.calls()) << limit;
    EXPECT_EQ(again.calls, kLeast + cost.repeated) << limit;
    EXPECT_LE(cost.kept_bytes, limit);
    EXPECT_GT(again.calls, last) << limit;
    last = again.calls;
  }
  EXPECT_EQ(last, kLeast + 12 * (kEnd + 1));  // all four batches
}

TEST_F(FitPassesTest, TheEstimateCountsTheBytesOfWhatIsKept) {
  const FitCost cost = EstimateFit(pipeline_, Overlapping(), Options(1));
  HookedDenoiser denoiser(pipeline_.bundle(), {});
  int64_t bytes = 0;
  const Recording recording =
      Record(pipeline_, denoiser, "fox", 0, Overlapping()[0].statistics);
  for (const auto& calls : recording) {
    EXPECT_EQ(static_cast<int64_t>(calls.size()), kRecorded);
    for (const auto& [call, x] : calls)
      bytes += static_cast<int64_t>(x.nbytes());
  }
  EXPECT_EQ(cost.kept_bytes, 4 * kSeeds * bytes);
}

// A build that was stopped samples again what it only kept in memory, in the
// batches of before.
TEST_F(FitPassesTest, AStoppedBuildEndsWithTheSameBits) {
  const std::string whole = Run(Options(3)).bytes;
  const TemporaryFolder folder;
  FitOptions options = Options(3);
  options.parts_folder = folder / "parts";
  for (const int64_t calls : {14, 8, 9, 7}) {
    int64_t asked = 0;
    options.interrupted = [&](double) { return ++asked > calls; };
    EXPECT_THROW(FitErasers(pipeline_, Overlapping(), options), Interrupted);
  }
  options.interrupted = nullptr;
  EXPECT_EQ(Run(options).bytes, whole);
  EXPECT_EQ(Run(options).calls, 0);
}

TEST_F(FitPassesTest, ShardsHaveTheBitsOfTheWholeList) {
  const std::string whole = Run(Options(3)).bytes;
  std::vector<Erasers> shards;
  for (const int64_t shard : {1, 2, 3}) {
    FitOptions options = Options(3);
    options.shard = shard;
    options.num_shards = 3;
    shards.push_back(FitErasers(pipeline_, Overlapping(), options));
  }
  EXPECT_EQ(SerializeErasers(MergeErasers(shards)), whole);
}

// Thresholds come from the anchors' own activations, kept or not.
TEST_F(FitPassesTest, GatesEqualAPlainComputation) {
  const std::vector<ConceptSettings> concepts = Overlapping();
  HookedDenoiser denoiser(pipeline_.bundle(), {});
  PlainFit plain(pipeline_, denoiser, concepts[0].statistics);
  const Erasers erasers = FitErasers(pipeline_, concepts, Options(1));
  for (size_t n = 0; n < concepts.size(); ++n) {
    for (size_t l = 0; l < erasers.layers.size(); ++l) {
      const PlainEraser expected = plain.Fit(concepts[n], l);
      EXPECT_NEAR(
          erasers.layers[l].gate_center[static_cast<int64_t>(n)].item<double>(),
          expected.gate_center, 1e-6 * expected.gate_center)
          << concepts[n].name << ' ' << l;
    }
  }
}

}  // namespace
}  // namespace gloce
