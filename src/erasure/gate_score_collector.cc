#include "erasure/gate_score_collector.h"

#include <ATen/ATen.h>

#include <cmath>

#include "gloce/base/error.h"

namespace gloce {

GateThreshold ThresholdFromScores(const std::vector<double>& scores,
                                  double tau) {
  if (scores.size() < 2) {
    throw Error("the gate's threshold needs at least two anchor scores, got " +
                std::to_string(scores.size()) +
                "; give more anchors, more seeds or a wider window");
  }
  const auto n = static_cast<double>(scores.size());
  double mean = 0;
  for (const double score : scores) mean += score / n;
  double variance = 0;
  for (const double score : scores)
    variance += (score - mean) * (score - mean) / (n - 1);
  return {mean + tau * std::sqrt(variance), std::log(99.0) / (0.001 * tau)};
}

GateScoreCollector::GateScoreCollector(const GatePlan& plan,
                                       const std::vector<GateBank>& banks,
                                       size_t num_concepts)
    : plan_(plan),
      banks_(banks),
      scores_(banks.size(), std::vector<std::vector<double>>(num_concepts)),
      run_(banks.size()) {}

void GateScoreCollector::Record(const at::Tensor& x, size_t layer) {
  const at::Tensor rows = x.to(at::kFloat).reshape({-1, x.size(2)});
  const at::Tensor projections = banks_[layer].Projections(rows);
  run_[layer].push_back(
      projections.reshape({x.size(0), x.size(1), -1}).amax(1));
}

void GateScoreCollector::EndRun() {
  for (size_t layer = 0; layer < run_.size(); ++layer) {
    if (run_[layer].empty()) continue;
    const at::Tensor all =
        at::stack(run_[layer]).to(at::kDouble).cpu().contiguous();
    run_[layer].clear();
    const auto scores = all.accessor<double, 3>();  // [call][row][concept]
    for (int64_t call = 0; call < scores.size(0); ++call) {
      for (int64_t row = 0; row < scores.size(1); ++row) {
        for (const size_t user :
             plan_.prompts[rows()[static_cast<size_t>(row)]].users) {
          scores_[layer][user].push_back(
              scores[call][row][static_cast<int64_t>(user)]);
        }
      }
    }
  }
}

}  // namespace gloce
