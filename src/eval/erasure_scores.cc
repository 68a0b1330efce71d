#include "eval/erasure_scores.h"

namespace gloce {

double HarmonicMean(double erased_accuracy, double kept_accuracy) {
  const double gone = 1 - erased_accuracy;
  const double sum = gone + kept_accuracy;
  return sum == 0 ? 0 : 2 * gone * kept_accuracy / sum;
}

}  // namespace gloce
