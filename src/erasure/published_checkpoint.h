// Checkpoints of the published GLoCE code: one safetensors file a concept
// (docs/formats.md). Only the format; what it means for gloce is in
// published_erasers.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

// One concept. Its settings are not in the file, except these ranks.
struct PublishedCheckpoint {
  std::string name;         // metadata "prompts": the targets, joined by ","
  int64_t rank_target = 0;  // metadata "rank": r2
  std::vector<LayerErasers> layers;  // N = 1; R1 and R3 are the file's
};

// "lora_gloce_" and the module's name with "_" for ".".
std::string PublishedLayerName(const std::string& hook_path);

// Reads a file's `bytes`; `path` begins every message. Layers come in the order
// of `hooks`. Throws Error, naming the tensor, for everything that the
// published code would not have written for a model with these hook points:
// what SafetensorsFile refuses, missing or superfluous layers and tensors,
// other shapes than the hook point's width and the file's ranks give, other
// types than F32, an alpha other than 1, missing or malformed metadata.
PublishedCheckpoint ParsePublishedCheckpoint(
    std::string bytes, const std::string& path,
    const std::vector<HookPoint>& hooks);

// The bytes of such a file; equal checkpoints give equal bytes.
std::string SerializePublishedCheckpoint(const PublishedCheckpoint& checkpoint);

}  // namespace gloce
