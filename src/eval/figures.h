// The figures of an evaluation, each with its interval and its n.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/bootstrap.h"
#include "eval/picture_facts.h"

namespace gloce {

enum class Better { kLower, kHigher, kNeither };

struct Figure {
  std::string name;     // for programs
  std::string label;    // for people, short
  std::string meaning;  // in a sentence
  std::string unit;     // "share", "score" or "distance"
  Better better = Better::kNeither;
  std::string set;  // the folder's name
  double value = 0;
  std::optional<Interval> interval;  // of 95 %
  int64_t n = 0;                     // pictures
};

// One picture of a set: what was asked, and what it shows. Both outlive this.
struct JudgedPicture {
  const AskedPicture* asked;
  const PictureFacts* facts;
};

// Acc_e, Acc_s and H (erasure_scores.h), the share of pictures that show
// anything that was erased from them, asked for or not, the accuracy of what is
// kept beside something erased, the changes from before, inside and outside of
// the region of what was erased, and the CLIP score: those for which there are
// pictures. A picture that asks for several labels counts once, by the share
// that is found. Pictures that could not be read are left out.
std::vector<Figure> FiguresOf(const std::string& set,
                              const std::vector<JudgedPicture>& pictures);

}  // namespace gloce
