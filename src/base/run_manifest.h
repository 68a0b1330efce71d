// The line that a picture gets in manifest.jsonl: written by generation, read
// by evaluation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace gloce {

// How one picture was made, and what was measured meanwhile.
struct RunRecord {
  std::string file;  // path within the output folder
  std::string prompt;
  std::string negative_prompt;  // empty if there was none
  int64_t seed = 0;             // at least 0
  std::string scheduler;        // as --scheduler spells it
  int64_t steps = 0;            // num_inference_steps, at least 1
  double guidance = 0;          // guidance_scale, at least 0
  int64_t width = 0;            // pixels, at least 1
  int64_t height = 0;
  std::string model;           // the bundle's name
  std::string model_identity;  // hash of its networks' weights
  std::string bundle;  // hash of all of the bundle that decides pictures
  std::string dtype = "float32";
  std::string erasers;                // hash of the erasers; empty if none
  std::vector<std::string> concepts;  // erased ones, in the gates' order
  double strength = 1;                // of the erasure, at least 0
  // Per concept with any: the share, in [0, 1], of image tokens × hooked layers
  // × steps at which its gate was above 0.5.
  std::map<std::string, double> gate_activity;
  double seconds = 0;  // the picture's share of its batch's time

  bool operator==(const RunRecord&) const = default;
};

// The record as one line of JSON, without the line end. Keys are the members'
// names in their order. Throws Error if a string is not valid UTF-8 or a number
// is not finite.
std::string ToJsonLine(const RunRecord& record);

// Reads what ToJsonLine writes. `origin` (path and line number) begins every
// message. Throws Error on invalid JSON, a missing, unknown or repeated key, a
// value of another type or out of its range, or a `file` outside the folder.
RunRecord FromJsonLine(const std::string& line, const std::string& origin);

// Reads the records of the file at `path`, in order, with the offsets of their
// lines: [begin, end), line end included. A last line without its end is left
// out, a file that is missing has none. Returns the file's bytes. Throws Error
// if it cannot be read or a line is no record.
std::string ReadRunManifest(
    const std::string& path,
    const std::function<void(const RunRecord&, size_t begin, size_t end)>&
        seen);

// Where the maps of a picture lie in its folder: of "a/0_0.png",
// "gates/a/0_0.st". As long as the picture's name at most, which has its
// limits, within gates/.
std::string GateMapsPath(const std::string& picture);

}  // namespace gloce
