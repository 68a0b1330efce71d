// Where and when gates opened.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace gloce {

// Of one batch, as it was recorded.
struct GateRecord {
  struct Layer {
    int64_t height = 0;  // of the token map; T = height · width
    int64_t width = 0;
    // int16 (S, B, T) on the CPU: 0 where every gate was shut (s ≤ 1/2), else
    // 1 + the place of the concept that acted. B are the conditional rows.
    at::Tensor acting;
  };
  std::vector<double> timesteps;  // S, of the steps in which a concept acted
  std::vector<Layer> layers;      // in the hook points' order
};

// Of one picture.
struct GateMaps {
  struct Layer {
    std::string path;  // hook point
    int64_t height = 0;
    int64_t width = 0;
    at::Tensor open;  // bool (C, S, T)
  };
  std::vector<std::string> concepts;  // C, those whose gate opened at all
  std::vector<double> timesteps;      // S
  std::vector<Layer> layers;
};

// The maps of picture `picture` of the batch. `names` are all concepts, by
// their places, `paths` the hook points.
GateMaps MapsOfPicture(const GateRecord& record, int64_t picture,
                       const std::vector<std::string>& names,
                       const std::vector<std::string>& paths);

// A gate maps file (docs/formats.md): a bit a token. Equal maps give equal
// bytes.
std::string SerializeGateMaps(const GateMaps& maps);

// Reads what SerializeGateMaps writes. `origin` begins every message. Throws
// Error.
GateMaps ParseGateMaps(std::string bytes, const std::string& origin);

}  // namespace gloce
