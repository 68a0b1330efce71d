// Gate maps as a report shows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/picture_difference.h"
#include "eval/picture_set.h"
#include "gloce/erasure/gate_maps.h"

namespace gloce {

// One concept's gate in one picture.
struct GateView {
  std::string concept_name;
  double share =
      0;  // of tokens, layers and steps; layers count by their tokens
  // Share of layers and steps that were open over each place, row by row, on
  // the largest token map of the layers; each layer counts once.
  int64_t height = 0, width = 0;
  std::vector<double> map;
  std::vector<double> by_layer;  // share of tokens and steps
  std::vector<double> by_step;   // share of tokens and layers
};

// One view a concept of `maps`.
std::vector<GateView> ViewsOf(const GateMaps& maps);

// The maps of a picture of `set`, in <folder>/gates; nothing if it has none.
// Throws Error if the file is damaged.
std::optional<GateMaps> ReadGateMapsOf(const PictureSet& set,
                                       const ListedPicture& picture);

// Where the gates of `concepts` opened: places with at least a tenth of the
// largest share. Nothing if none did.
std::optional<Region> OpenedRegion(const std::vector<GateView>& views,
                                   const std::vector<std::string>& concepts);

}  // namespace gloce
