// Builds in pieces: shards, and builds that were stopped, give the bytes of an
// undisturbed build.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "gloce/base/error.h"
#include "gloce/erasure/eraser_file.h"
#include "gloce/erasure/fit.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

// "a picture of a gift" is in every mapping, so that its sums wait for sets;
// "a picture of a box" is a mapping, a target and a surrogate.
std::vector<ConceptSettings> List() {
  std::vector<ConceptSettings> concepts;
  for (const char* name : {"cat", "fox", "box", "owl", "apple"}) {
    ConceptSettings settings;
    settings.name = name;
    settings.prompts = {"a picture of a " + settings.name};
    settings.mapping = {"a picture of a gift", "a picture of a balloon"};
    settings.surrogate = {"a picture"};
    settings.anchors = {"a picture of a dog", "a picture of a bear"};
    settings.rank_target = 4;
    settings.gate_start = 0;
    settings.statistics.num_inference_steps = 4;
    settings.statistics.window_start = 0;
    settings.statistics.window_end = 2;
    settings.statistics.num_seeds = 2;
    concepts.push_back(settings);
  }
  concepts[1].mapping[1] = "a picture of a box";
  concepts[3].surrogate = {"a picture of a box", "a picture"};
  concepts[3].anchors = {"a picture of a wolf", "a picture of a dog"};
  concepts[4].rank_map = 1;
  concepts[4].rank_gate = 2;
  return concepts;
}

class FitPartsTest : public testing::Test {
 protected:
  Erasers Fit(const std::vector<ConceptSettings>& concepts,
              const FitOptions& options) {
    return FitErasers(pipeline_, concepts, options);
  }

  // Passes of a build, and its bytes.
  struct Outcome {
    int64_t passes;
    std::string bytes;
  };
  Outcome Run(const std::vector<ConceptSettings>& concepts,
              FitOptions options) {
    std::map<std::string, int64_t> passes;
    options.progress = [&](const FitProgress& p) { passes[p.phase] = p.done; };
    const Erasers erasers = Fit(concepts, options);
    return {passes["targets"] + passes["anchors"], SerializeErasers(erasers)};
  }

  FitOptions Options(const std::string& parts_folder = "") {
    FitOptions options;
    options.batch_size = 3;  // prompts of two seeds lie across batches
    options.parts_folder = parts_folder;
    return options;
  }

  // Of random weights: what is kept and run again does not depend on them.
  Pipeline pipeline_{GLOCE_BUNDLES "/sd1", {}};
};

TEST_F(FitPartsTest, ShardsJoinedAreTheWholeList) {
  const std::string whole = Run(List(), Options()).bytes;
  for (const int64_t num_shards : {2, 5}) {
    std::vector<Erasers> shards;
    for (int64_t shard = num_shards; shard >= 1; --shard) {
      FitOptions options = Options();
      options.shard = shard;
      options.num_shards = num_shards;
      shards.push_back(Fit(List(), options));
    }
    EXPECT_EQ(SerializeErasers(MergeErasers(shards)), whole) << num_shards;
  }
}

TEST_F(FitPartsTest, AShardRunsNoMoreThanItsEstimate) {
  FitOptions options = Options();
  options.shard = 2;
  options.num_shards = 3;
  const FitCost cost = EstimateFit(pipeline_, List(), options);
  EXPECT_EQ(Run(List(), options).passes, cost.calls());
  const FitCost whole = EstimateFit(pipeline_, List(), Options());
  EXPECT_LT(cost.targets, whole.targets);
}

// Stopped after ever more calls, each time going on with what there is.
TEST_F(FitPartsTest, AStoppedBuildGoesOn) {
  const Outcome whole = Run(List(), Options());
  const TemporaryFolder folder;
  for (const int64_t calls : {2, 7, 4, 8, 5, 7, 4}) {
    FitOptions options = Options(folder / "parts");
    int64_t asked = 0;
    options.interrupted = [&](double) { return ++asked > calls; };
    EXPECT_THROW(Fit(List(), options), Interrupted) << calls;
  }
  const Outcome resumed = Run(List(), Options(folder / "parts"));
  EXPECT_EQ(resumed.bytes, whole.bytes);
  EXPECT_LT(resumed.passes, whole.passes / 2);
  // All is there: nothing is run.
  const Outcome again = Run(List(), Options(folder / "parts"));
  EXPECT_EQ(again.bytes, whole.bytes);
  EXPECT_EQ(again.passes, 0);
  RemoveParts(folder / "parts");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// Sums that wait in a folder are those that wait in memory.
TEST_F(FitPartsTest, AFolderChangesNothing) {
  const TemporaryFolder folder;
  const Outcome in_folder = Run(List(), Options(folder / "parts"));
  const Outcome in_memory = Run(List(), Options());
  EXPECT_EQ(in_folder.bytes, in_memory.bytes);
  EXPECT_EQ(in_folder.passes, in_memory.passes);
}

TEST_F(FitPartsTest, AChangedSettingReusesNothingStale) {
  const TemporaryFolder folder;
  const std::vector<std::function<void(ConceptSettings&, FitOptions&)>>
      changes = {
          [](auto& c, auto&) { c.prompts = {"a picture of a tiger"}; },
          [](auto& c, auto&) { c.prompts.push_back(c.prompts[0]); },
          [](auto& c, auto&) { c.mapping[0] = "a picture of a bell"; },
          [](auto& c, auto&) { c.surrogate = {"a picture of a car"}; },
          [](auto& c, auto&) { c.anchors[1] = "a picture of a car"; },
          [](auto& c, auto&) { c.rank_map = 3; },
          [](auto& c, auto&) { c.rank_target = 5; },
          [](auto& c, auto&) { c.rank_gate = 3; },
          [](auto& c, auto&) { c.tau = 1; },
          [](auto& c, auto&) { c.eta = 2; },
          [](auto& c, auto&) { c.gate_start = 1; },
          [](auto& c, auto&) { c.statistics.guidance_scale = 3; },
          [](auto& c, auto&) { c.statistics.num_seeds = 1; },
          [](auto& c, auto&) { c.statistics.window_end = 3; },
          [](auto& c, auto&) { c.statistics.window_start = 1; },
          [](auto& c, auto&) { c.statistics.num_inference_steps = 5; },
          [](auto& c, auto&) { c.statistics.scheduler = "ddim"; },
          [](auto&, auto& options) { options.batch_size = 2; },
      };
  const std::vector<ConceptSettings> list = {List()[0], List()[1]};
  Fit(list, Options(folder / "parts"));
  for (size_t i = 0; i < changes.size(); ++i) {
    std::vector<ConceptSettings> changed = list;
    FitOptions fresh = Options();
    changes[i](changed[0], fresh);
    FitOptions with_parts = fresh;
    with_parts.parts_folder = folder / "parts";
    EXPECT_EQ(Run(changed, with_parts).bytes, Run(changed, fresh).bytes) << i;
  }
}

}  // namespace
}  // namespace gloce
