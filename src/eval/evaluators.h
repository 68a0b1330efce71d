// The networks that judge pictures, loaded.
#pragma once

#include <memory>
#include <string>

#include "eval/clip_scorer.h"
#include "eval/detector.h"
#include "eval/picture_network.h"

namespace gloce {

class Bundle;

// Each may be null.
struct Evaluators {
  std::unique_ptr<Detector> detector;
  std::unique_ptr<PictureNetwork> features;
  std::unique_ptr<ClipScorer> clip;
};

// Which to load: evaluator files (docs/formats.md, "Evaluators"); where one is
// empty, the bundle's, if it has one.
struct EvaluatorChoice {
  std::string detector, features, clip;
};

// `bundle` may be null. Throws Error if a file is missing, changed, or of
// another kind.
Evaluators LoadEvaluators(const Bundle* bundle, const EvaluatorChoice& choice,
                          const Placement& placement);

}  // namespace gloce
