#include "erasure/gate_score_collector.h"

#include <ATen/ATen.h>

#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "erasure/anchor_rows.h"
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
  const double std = std::sqrt(variance);
  return {mean + tau * std, std::log(99.0) / (0.001 * tau), mean, std};
}

GateScoreCollector::GateScoreCollector(
    const FitPlan& plan, const GateSlots& slots, const ConceptRange& range,
    std::set<size_t> wanted, size_t num_layers,
    const std::function<std::vector<Gate>(size_t)>& gates_of,
    c10::Device device)
    : plan_(plan),
      slots_(slots),
      range_(range),
      wanted_(std::move(wanted)),
      blocks_(num_layers, std::vector<GateBlock>(slots.blocks.size())),
      scores_(range.end - range.begin,
              std::vector<std::vector<double>>(num_layers)),
      run_(num_layers,
           std::vector<std::vector<at::Tensor>>(slots.blocks.size())) {
  for (size_t i = range.begin; i < range.end; ++i) AddGates(i, gates_of(i));
  for (auto& layer : blocks_) {
    for (GateBlock& block : layer) {
      if (!block.basis.defined()) continue;
      block.mean = block.mean.to(device);
      block.basis = block.basis.to(device);
    }
  }
}

void GateScoreCollector::AddGates(size_t concept_index,
                                  const std::vector<Gate>& gates) {
  const GateSlots::Slot& slot = slots_.slots[concept_index];
  const GateSlots::Block& planned = slots_.blocks[slot.block];
  for (size_t l = 0; l < gates.size(); ++l) {
    const Gate& gate = gates[l];
    GateBlock& block = blocks_[l][slot.block];
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
}

std::vector<size_t> GateScoreCollector::GatesOf(size_t pass) const {
  std::vector<size_t> gates;
  for (const size_t gate : plan_.prompts[plan_.passes[pass].prompt].gates) {
    if (gate >= range_.begin && gate < range_.end) gates.push_back(gate);
  }
  return gates;
}

void GateScoreCollector::BeginBatch(size_t batch) {
  batch_ = batch;
  rows_.clear();
  if (wanted_.contains(batch)) rows_ = AnchorRows(plan_, batch);
  wanted_blocks_.clear();
  for (const int64_t row : rows_) {
    for (const size_t gate :
         GatesOf(plan_.batches[batch].begin + static_cast<size_t>(row))) {
      const size_t block = slots_.slots[gate].block;
      wanted_blocks_.insert({slots_.blocks[block].surrogate, block});
    }
  }
  for (auto& layer : run_) {
    for (auto& calls : layer) calls.clear();
  }
}

void GateScoreCollector::Record(const at::Tensor& x, size_t layer,
                                const ForwardContext& /*context*/) {
  if (!wanted_blocks_.empty()) Score(SelectRows(x, rows_), layer);
}

void GateScoreCollector::Score(const at::Tensor& anchors, size_t layer) {
  const at::Tensor tokens =
      anchors.to(at::kFloat).reshape({-1, anchors.size(2)});
  std::optional<size_t> centred_on;
  CentredRows centred;
  for (const auto& [surrogate, b] : wanted_blocks_) {
    const GateBlock& block = blocks_[layer][b];
    if (surrogate != centred_on) {
      centred = CentreRows(tokens, block.mean);
      centred_on = surrogate;
    }
    run_[layer][b].push_back(
        GateProjections(centred, block.basis, block.rank)
            .reshape({anchors.size(0), anchors.size(1), -1})
            .amax(1));
  }
}

PartTensors GateScoreCollector::TakeScores() {
  const auto num_layers = static_cast<int64_t>(run_.size());
  PartTensors result;
  for (int64_t layer = 0; layer < num_layers; ++layer) {
    auto& run = run_[static_cast<size_t>(layer)];
    std::vector<at::Tensor> blocks(run.size());  // (calls, rows, S)
    for (size_t b = 0; b < run.size(); ++b) {
      if (!run[b].empty()) blocks[b] = at::stack(run[b]).to(at::kDouble).cpu();
      run[b].clear();
    }
    for (size_t i = 0; i < rows_.size(); ++i) {
      const auto row = static_cast<size_t>(rows_[i]);
      std::vector<at::Tensor> columns;  // (calls)
      for (const size_t gate : GatesOf(plan_.batches[batch_].begin + row)) {
        const GateSlots::Slot& slot = slots_.slots[gate];
        columns.push_back(blocks[slot.block]
                              .select(1, static_cast<int64_t>(i))
                              .select(1, static_cast<int64_t>(slot.index)));
      }
      if (columns.empty()) continue;
      const at::Tensor scores = at::stack(columns, 1);
      at::Tensor& all = result[RowName(row)];
      if (!all.defined()) {
        all = at::empty({num_layers, scores.size(0), scores.size(1)},
                        at::kDouble);
      }
      all.select(0, layer).copy_(scores);
    }
  }
  return result;
}

void GateScoreCollector::AddScores(size_t batch, const Part& scores) {
  const PassRange& range = plan_.batches[batch];
  for (size_t i = range.begin; i < range.end; ++i) {
    const std::vector<size_t> gates = GatesOf(i);
    if (gates.empty()) continue;
    const at::Tensor row = scores.Tensor(RowName(i - range.begin));
    const auto values = row.accessor<double, 3>();  // [layer][call][gate]
    for (size_t g = 0; g < gates.size(); ++g) {
      auto& of_concept = scores_[gates[g] - range_.begin];
      for (int64_t l = 0; l < row.size(0); ++l) {
        for (int64_t call = 0; call < row.size(1); ++call) {
          of_concept[static_cast<size_t>(l)].push_back(
              values[l][call][static_cast<int64_t>(g)]);
        }
      }
    }
  }
}

}  // namespace gloce
