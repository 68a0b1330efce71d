// What a network that judges pictures is and takes: an entry of bundle.json, or
// a file of its own (docs/formats.md, "Evaluators").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundle/bundle_file.h"

namespace gloce {

class JsonObject;

// How a picture is brought to the network's size. Networks take RGB in [0, 1].
struct EvaluatorInput {
  enum class Fit { kNone, kStretch, kCrop };
  Fit fit = Fit::kNone;      // the network takes any size
  int64_t size = 0;          // both sides, in pixels
  int64_t shorter = 0;       // kCrop: the shorter side before the crop
  bool floors_crop = false;  // kCrop: see ResizeAndCrop
};

// When a label counts as found.
struct LabelGroup {
  std::string name;
  std::vector<std::string> labels;
  bool is_largest = false;  // the largest score of the group, and no other
  double above = 0;         // else: a score above this
};

struct EvaluatorSpec {
  BundleFile file;
  std::string kind;  // "detector", "features"
  EvaluatorInput input;
  // Of a detector, in the order of its scores.
  std::vector<LabelGroup> groups;
};

// Reads an "input". Throws Error naming the key.
EvaluatorInput ReadEvaluatorInput(JsonObject entry);

// Reads the entry; the caller calls Finish. Throws Error naming the key.
EvaluatorSpec ReadEvaluatorSpec(JsonObject& entry);

}  // namespace gloce
