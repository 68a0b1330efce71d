#include "erasure/gate_bank.h"

#include <ATen/ATen.h>

#include <limits>
#include <map>
#include <string>

namespace gloce {

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

at::Tensor GateBank::Projections(const at::Tensor& rows) const {
  std::vector<at::Tensor> columns;
  for (const Group& group : groups_) {
    // Centred first: expanding ‖x − μ‖² cancels, and k ≈ 1838 amplifies every
    // error of p.
    const at::Tensor centred = rows - group.mean;
    const at::Tensor norm = centred.square().sum(1, /*keepdim=*/true);
    at::Tensor energy = at::matmul(centred, group.basis).square_();
    if (rank_ > 1) energy = energy.reshape({rows.size(0), -1, rank_}).sum(2);
    columns.push_back(energy /
                      norm.clamp_min(std::numeric_limits<float>::min()));
  }
  if (columns.size() == 1) return columns[0];
  return at::cat(columns, 1).index_select(1, order_);
}

}  // namespace gloce
