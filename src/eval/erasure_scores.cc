#include "eval/erasure_scores.h"

#include <limits>

namespace gloce {

double DetectionCount::Accuracy() const {
  if (pictures == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(found) / static_cast<double>(pictures);
}

ErasureScores ScoresOf(const DetectionCount& erased,
                       const DetectionCount& kept) {
  ErasureScores scores;
  scores.erased_accuracy = erased.Accuracy();
  scores.kept_accuracy = kept.Accuracy();
  const double gone = 1 - scores.erased_accuracy;
  const double sum = gone + scores.kept_accuracy;
  scores.harmonic_mean = sum == 0 ? 0 : 2 * gone * scores.kept_accuracy / sum;
  return scores;
}

}  // namespace gloce
