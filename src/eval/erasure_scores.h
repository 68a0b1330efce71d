// How much was erased and how much was kept, in one number.
#pragma once

namespace gloce {

// H = 2 / (1 / (1 − Acc_e) + 1 / Acc_s), 0 where a part is 0, as in MACE (arXiv
// 2403.06135) and GLoCE (arXiv 2503.12356).
//   erased_accuracy  Acc_e, the share of pictures of erased concepts in which a
//                    detector still finds them
//   kept_accuracy    Acc_s, the share of pictures of other concepts in which it
//                    finds those
double HarmonicMean(double erased_accuracy, double kept_accuracy);

}  // namespace gloce
