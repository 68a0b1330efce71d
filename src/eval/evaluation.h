// Folders of pictures to facts and figures.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eval/evaluators.h"
#include "eval/figures.h"
#include "eval/picture_facts.h"
#include "eval/picture_set.h"

namespace gloce {

// What to evaluate. The first folder is judged: its pictures are the rows, and
// what it erased counts as erased in all.
struct EvaluationInput {
  PictureSet judged;
  std::optional<PictureSet> before;  // of the unmodified model
  std::vector<PictureSet> compared;
  std::optional<PictureSet> reference;  // any pictures, for FID and KID
  // Instead of what the judged folder's manifest says, if not empty.
  std::vector<std::string> erased;
  // Partners have the same file name, as where one table drew all folders, and
  // not the same prompt and seed, which several pictures may have.
  bool pair_by_file = false;
};

struct EvaluationSettings {
  size_t batch_size = 16;  // pictures that a network gets at once
  // Where what was erased stood, for the changes inside and outside of it.
  enum class RegionSource { kNone, kDetector, kGates };
  RegionSource region = RegionSource::kDetector;
  // What is done, of how much: pictures. May be empty.
  std::function<void(size_t done, size_t total)> progress;
  // Asked between batches; ends the evaluation by Interrupted. May be empty.
  std::function<bool()> interrupted;
};

// One folder, row by row of the judged one.
struct EvaluatedSet {
  PictureSet set;
  std::string role;  // "erased", "before", "compared", "reference"
  // The row's place among set.pictures, and what it shows; nothing if this
  // folder has no such picture.
  std::vector<std::optional<size_t>> picture_of_row;
  std::vector<PictureFacts> facts;
};

struct Evaluation {
  std::vector<std::string> labels;  // the detector's; empty without one
  std::vector<AskedPicture> rows;   // of the judged folder
  std::vector<std::string> erased;  // concepts
  // Of them, those that are no label of the detector: nothing counts them.
  std::vector<std::string> without_label;
  std::vector<EvaluatedSet> sets;  // judged, before, compared, reference
  std::vector<Figure> figures;
};

// Evaluates. Every picture is read once for itself, and once more as the
// "before" of each other; memory grows by some hundred bytes a picture and, for
// KID, by its features, up to kMaxKernelRows pictures. Pictures that cannot be
// read are in their facts, and no error. Throws Error; Interrupted.
Evaluation Evaluate(const EvaluationInput& input, Evaluators& evaluators,
                    const EvaluationSettings& settings);

}  // namespace gloce
