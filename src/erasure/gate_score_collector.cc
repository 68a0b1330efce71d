#include "erasure/gate_score_collector.h"

#include <ATen/ATen.h>

#include <cmath>
#include <set>
#include <string>

#include "erasure/gate_bank.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

std::string RowName(size_t row) { return "row." + std::to_string(row); }

}  // namespace

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

at::Tensor GateBlock::Projections(const at::Tensor& rows) const {
  return GateProjections(rows, mean, basis, rank);
}

GateScoreCollector::GateScoreCollector(
    const PassPlan& plan, const GateSlots& slots, const ConceptRange& range,
    size_t num_layers, const std::function<Gate(size_t, size_t)>& gate_of,
    c10::Device device)
    : plan_(plan),
      slots_(slots),
      range_(range),
      blocks_(num_layers, std::vector<GateBlock>(slots.blocks.size())),
      scores_(range.end - range.begin,
              std::vector<std::vector<double>>(num_layers)),
      run_(num_layers,
           std::vector<std::vector<at::Tensor>>(slots.blocks.size())) {
  for (size_t l = 0; l < num_layers; ++l) {
    for (size_t i = range.begin; i < range.end; ++i) {
      const GateSlots::Slot& slot = slots.slots[i];
      const GateSlots::Block& planned = slots.blocks[slot.block];
      GateBlock& block = blocks_[l][slot.block];
      const Gate gate = gate_of(i, l);
      if (!block.basis.defined()) {
        block.rank = planned.rank;
        block.mean = gate.surrogate_mean.to(at::kFloat);
        block.basis = at::zeros(
            {gate.basis.size(0),
             static_cast<int64_t>(planned.concepts.size()) * planned.rank},
            at::kFloat);
      }
      block.basis
          .narrow(1, static_cast<int64_t>(slot.index) * planned.rank,
                  gate.basis.size(1))
          .copy_(gate.basis);
    }
    for (GateBlock& block : blocks_[l]) {
      if (!block.basis.defined()) continue;
      block.mean = block.mean.to(device);
      block.basis = block.basis.to(device);
    }
  }
}

std::vector<size_t> GateScoreCollector::UsersOf(size_t prompt) const {
  std::vector<size_t> users;
  for (const size_t user : plan_.prompts[prompt].users) {
    if (user >= range_.begin && user < range_.end) users.push_back(user);
  }
  return users;
}

void GateScoreCollector::Record(const at::Tensor& x, size_t layer) {
  std::set<size_t> wanted;
  for (const size_t prompt : rows()) {
    for (const size_t user : UsersOf(prompt))
      wanted.insert(slots_.slots[user].block);
  }
  const at::Tensor tokens = x.to(at::kFloat).reshape({-1, x.size(2)});
  for (const size_t b : wanted) {
    run_[layer][b].push_back(blocks_[layer][b]
                                 .Projections(tokens)
                                 .reshape({x.size(0), x.size(1), -1})
                                 .amax(1));
  }
}

PartTensors GateScoreCollector::TakeRun(size_t batch) {
  const PassRange& range = plan_.batches[batch];
  const auto num_layers = static_cast<int64_t>(run_.size());
  PartTensors rows;
  for (int64_t layer = 0; layer < num_layers; ++layer) {
    auto& run = run_[static_cast<size_t>(layer)];
    std::vector<at::Tensor> blocks(run.size());  // (calls, B, S)
    for (size_t b = 0; b < run.size(); ++b) {
      if (!run[b].empty()) blocks[b] = at::stack(run[b]).to(at::kDouble).cpu();
      run[b].clear();
    }
    for (size_t i = range.begin; i < range.end; ++i) {
      const auto row = static_cast<int64_t>(i - range.begin);
      std::vector<at::Tensor> columns;  // (calls)
      for (const size_t user : UsersOf(plan_.passes[i].prompt)) {
        const GateSlots::Slot& slot = slots_.slots[user];
        columns.push_back(blocks[slot.block].select(1, row).select(
            1, static_cast<int64_t>(slot.index)));
      }
      if (columns.empty()) continue;
      const at::Tensor scores = at::stack(columns, 1);
      at::Tensor& all = rows[RowName(i - range.begin)];
      if (!all.defined()) {
        all = at::empty({num_layers, scores.size(0), scores.size(1)},
                        at::kDouble);
      }
      all.select(0, layer).copy_(scores);
    }
  }
  return rows;
}

void GateScoreCollector::AddScores(size_t batch, const Part& scores) {
  const PassRange& range = plan_.batches[batch];
  for (size_t i = range.begin; i < range.end; ++i) {
    const std::vector<size_t> users = UsersOf(plan_.passes[i].prompt);
    if (users.empty()) continue;
    const at::Tensor row = scores.Tensor(RowName(i - range.begin));
    const auto values = row.accessor<double, 3>();  // [layer][call][user]
    for (size_t u = 0; u < users.size(); ++u) {
      auto& of_concept = scores_[users[u] - range_.begin];
      for (int64_t l = 0; l < row.size(0); ++l) {
        for (int64_t call = 0; call < row.size(1); ++call) {
          of_concept[static_cast<size_t>(l)].push_back(
              values[l][call][static_cast<int64_t>(u)]);
        }
      }
    }
  }
}

}  // namespace gloce
