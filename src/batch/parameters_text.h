// The text that a picture carries about how it was made.
#pragma once

#include <string>

#include "base/run_manifest.h"

namespace gloce {

// The keyword under which A1111's web UI, and most tools after it, store and
// look for that text.
inline constexpr char kParametersKeyword[] = "parameters";

// The settings of `record` as A1111's parse_generation_parameters reads them:
//
//   a cat and a guitar
//   Negative prompt: blurry
//   Steps: 50, Sampler: PNDM, CFG scale: 7.5, Seed: 7, Size: 64x64,
//   Model hash: 2c26b46b68ffc68f, Model: emoji, Bundle: 9f86d081884c7d65,
//   Erasers: fcde2b2edba56bf4, Erased: "cat, fox", Erasure strength: 1
//
// with all settings on the last line. A value with a comma, colon, quote or
// line break, with spaces around it, or without a character is written as a
// JSON string. Erasers' fields appear only if there
// are erasers, `Precision` only if it is not float32; hashes are cut to 16
// digits. All that decides the picture is in it, and nothing else: neither the
// file's name nor what was measured (gate activity, seconds).
std::string ParametersText(const RunRecord& record);

}  // namespace gloce
