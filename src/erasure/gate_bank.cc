#include "erasure/gate_bank.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>

namespace gloce {
namespace {

// Bytes of a block's projections: what stays in a core's cache, and what keeps
// an accelerator busy.
constexpr int64_t kBlockBytesCpu = 2 << 20;
constexpr int64_t kBlockBytesAccelerator = 64 << 20;

}  // namespace

GateBank::GateBank(const at::Tensor& gate_basis,
                   const at::Tensor& surrogate_mean, c10::Device device)
    : rank_(gate_basis.size(2)) {
  const int64_t num_concepts = gate_basis.size(0);
  const int64_t width = gate_basis.size(1);
  const at::Tensor means = surrogate_mean.to(at::kCPU, at::kFloat).contiguous();
  std::map<std::string, size_t> group_of_mean;
  std::vector<std::vector<int64_t>> members;
  for (int64_t n = 0; n < num_concepts; ++n) {
    const at::Tensor mean = means[n];
    const std::string bytes(static_cast<const char*>(mean.data_ptr()),
                            mean.nbytes());
    const auto [it, fresh] = group_of_mean.try_emplace(bytes, members.size());
    if (fresh) members.emplace_back();
    members[it->second].push_back(n);
  }
  std::vector<int64_t> order(static_cast<size_t>(num_concepts));
  int64_t column = 0;
  for (const std::vector<int64_t>& concepts : members) {
    for (const int64_t n : concepts) order[static_cast<size_t>(n)] = column++;
    const at::Tensor basis =
        gate_basis.index_select(0, at::tensor(concepts, at::kLong))
            .permute({1, 0, 2})
            .reshape({width, -1})
            .to(device, at::kFloat);
    groups_.push_back({means[concepts[0]].to(device), basis});
  }
  if (groups_.size() > 1) order_ = at::tensor(order, at::kLong).to(device);
}

at::Tensor GateProjections(const at::Tensor& rows, const at::Tensor& mean,
                           const at::Tensor& basis, int64_t rank) {
  // Centred first: expanding ‖x − μ‖² cancels, and k ≈ 1838 amplifies every
  // error of p.
  const at::Tensor centred = rows - mean;
  const at::Tensor norm = centred.square().sum(1, /*keepdim=*/true);
  at::Tensor energy = at::mm(centred, basis).square_();
  if (rank > 1) energy = energy.reshape({rows.size(0), -1, rank}).sum(2);
  return energy.div_(norm.clamp_min_(std::numeric_limits<float>::min()));
}

at::Tensor GateBank::Projections(const at::Tensor& rows) const {
  std::vector<at::Tensor> columns;
  for (const Group& group : groups_)
    columns.push_back(GateProjections(rows, group.mean, group.basis, rank_));
  if (columns.size() == 1) return columns[0];
  return at::cat(columns, 1).index_select(1, order_);
}

WidestGates GateBank::Widest(const at::Tensor& rows, const at::Tensor& slope,
                             const at::Tensor& center,
                             const at::Tensor& waiting) const {
  const int64_t num_rows = rows.size(0);
  const int64_t num_values = std::max(rows.size(1), slope.size(0) * rank_);
  const int64_t bytes = rows.is_cpu() ? kBlockBytesCpu : kBlockBytesAccelerator;
  const int64_t block = std::max<int64_t>(
      bytes / (num_values * static_cast<int64_t>(sizeof(float))), 1);
  WidestGates widest{at::empty({num_rows}, rows.options()),
                     at::empty({num_rows}, rows.options().dtype(at::kLong))};
  for (int64_t begin = 0; begin < num_rows; begin += block) {
    const int64_t count = std::min(block, num_rows - begin);
    at::Tensor logits =
        Projections(rows.narrow(0, begin, count)).sub_(center).mul_(slope);
    if (waiting.defined()) {
      logits.masked_fill_(waiting, -std::numeric_limits<float>::infinity());
    }
    at::Tensor logit = widest.logit.narrow(0, begin, count);
    at::Tensor concepts = widest.concepts.narrow(0, begin, count);
    at::max_out(logit, concepts, logits, 1);
  }
  return widest;
}

}  // namespace gloce
