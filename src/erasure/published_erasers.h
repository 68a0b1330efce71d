// Between gloce's erasers and the published code's checkpoints: what either
// side cannot say, checked and settled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "erasure/published_checkpoint.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

// What a checkpoint does not hold, as far as the user knows it.
struct PublishedSettings {
  std::optional<std::string> preset;  // that it was built with
  std::optional<double> eta;          // default: the preset's, else 1
  // First step, of 50, at which the eraser acts; default: the preset's, else
  // 10.
  std::optional<int64_t> gate_start;
};

// Erasers of all `checkpoints`, in order, for the bundle that `manifest`
// describes. `paths` name them in messages. Ranks are the files', tau is
// computed from their slopes; what neither they nor the preset tell is marked
// as unknown. Throws Error if two have the same name, if a file contradicts the
// preset; UsageError for settings out of range.
Erasers ErasersFromPublished(
    const std::vector<PublishedCheckpoint>& checkpoints,
    const std::vector<std::string>& paths, const BundleManifest& manifest,
    const PublishedSettings& settings);

// What the published program is told on its command line: no file holds it, and
// it is the same for all concepts of a run.
struct PublishedArguments {
  int64_t rank_map = 0;
  int64_t rank_target = 0;
  int64_t rank_gate = 0;
  double eta = 1;
  // Calls of its sampler, PNDM with 50 steps, that are not gated.
  int64_t start = 0;

  // {"--degen_rank", "2", …}
  std::vector<std::string> CommandLine() const;
};

struct PublishedErasers {
  std::vector<std::string> folders;  // one a concept: the name, "_" for " "
  std::vector<PublishedCheckpoint> checkpoints;
  PublishedArguments arguments;
};

// One checkpoint a concept. Lower ranks stay padded with zeros: the published
// program loads all files with the same ranks. Throws Error for what it could
// not be told: concepts that differ in r2, eta or noise level, layers that
// differ in rank, names with a comma, names that make the same folder or none.
PublishedErasers PublishedFromErasers(const Erasers& erasers);

}  // namespace gloce
