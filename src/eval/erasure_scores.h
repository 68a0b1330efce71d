// How much was erased and how much was kept, by a detector.
#pragma once

#include <cstdint>

namespace gloce {

// Pictures asked to show a concept, and those in which a detector found it.
struct DetectionCount {
  int64_t pictures = 0;
  int64_t found = 0;

  void Add(bool is_found) {
    ++pictures;
    found += is_found;
  }
  // found / pictures; NaN for none.
  double Accuracy() const;
};

// As in MACE (arXiv 2403.06135) and GLoCE (arXiv 2503.12356).
struct ErasureScores {
  double erased_accuracy = 0;  // Acc_e, of erased concepts; smaller is better
  double kept_accuracy = 0;    // Acc_s, of the others; larger is better
  // H = 2 / (1 / (1 − Acc_e) + 1 / Acc_s), 0 where a part is 0; NaN if there
  // are no pictures of one kind.
  double harmonic_mean = 0;
};

ErasureScores ScoresOf(const DetectionCount& erased,
                       const DetectionCount& kept);

}  // namespace gloce
