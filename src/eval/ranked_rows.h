// Which rows deserve a look first.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "eval/evaluation.h"

namespace gloce {

struct RankedRow {
  size_t row = 0;
  double badness = 0;                 // in [0, 1]
  std::vector<std::string> failures;  // "owl is still there"; empty if none
};

// All rows, worst first: what was erased and is found, asked for or not (by the
// detector's confidence, from 1/2 on), what else was asked for and is gone
// although it was there before (likewise), then how much changed that should
// not have.
std::vector<RankedRow> RankRows(const Evaluation& evaluation);

// At most `number` of them: the worst make up to three quarters, the rest are
// spread evenly over those that follow. In the order that they had.
std::vector<RankedRow> ChooseRows(const std::vector<RankedRow>& ranked,
                                  size_t number);

}  // namespace gloce
