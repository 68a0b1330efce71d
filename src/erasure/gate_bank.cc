#include "erasure/gate_bank.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>

#include <limits>
#include <map>
#include <string_view>
#include <vector>

#include "erasure/token_blocks.h"

namespace gloce {
namespace {

// The different rows of a matrix, in the order of their first places.
struct DistinctRows {
  at::Tensor rows;                // (G, D)
  std::vector<int64_t> group_of;  // row of `rows` that each was
};

DistinctRows FindDistinctRows(const at::Tensor& matrix) {
  std::map<std::string_view, int64_t> group_of_row;
  std::vector<int64_t> firsts, group_of;
  for (int64_t n = 0; n < matrix.size(0); ++n) {
    const at::Tensor row = matrix[n];
    const std::string_view bytes(static_cast<const char*>(row.const_data_ptr()),
                                 row.nbytes());
    const auto [it, fresh] =
        group_of_row.try_emplace(bytes, static_cast<int64_t>(firsts.size()));
    if (fresh) firsts.push_back(n);
    group_of.push_back(it->second);
  }
  return {matrix.index_select(0, at::tensor(firsts, at::kLong)), group_of};
}

}  // namespace

GateBank::GateBank(const at::Tensor& gate_basis,
                   const at::Tensor& surrogate_mean, c10::Device device)
    : rank_(gate_basis.size(2)) {
  const at::Tensor means = surrogate_mean.to(at::kCPU, at::kFloat).contiguous();
  const DistinctRows distinct = FindDistinctRows(means);
  if (distinct.rows.size(0) > 1) {
    shifted_.emplace(gate_basis, distinct.rows, distinct.group_of, device);
    return;
  }
  mean_ = means[0].to(device);
  basis_ = gate_basis.permute({1, 0, 2})
               .reshape({gate_basis.size(1), -1})
               .to(device, at::kFloat);
}

CentredRows CentreRows(const at::Tensor& rows, const at::Tensor& mean) {
  // Centred first: expanding ‖x − μ‖² cancels, and k ≈ 1838 amplifies every
  // error of p.
  const at::Tensor centred = rows - mean;
  return {centred, centred.square()
                       .sum(1, /*keepdim=*/true)
                       .clamp_min_(std::numeric_limits<float>::min())};
}

at::Tensor GateProjections(const CentredRows& rows, const at::Tensor& basis,
                           int64_t rank) {
  const at::NoTF32Guard no_tf32;
  at::Tensor energy = at::mm(rows.values, basis).square_();
  if (rank > 1) energy = energy.reshape({energy.size(0), -1, rank}).sum(2);
  return energy.div_(rows.norm);
}

at::Tensor GateBank::Projections(const at::Tensor& rows) const {
  return shifted_ ? shifted_->Projections(rows)
                  : GateProjections(CentreRows(rows, mean_), basis_, rank_);
}

int64_t GateBank::BytesPerToken() const {
  if (shifted_) return shifted_->BytesPerToken();
  // x, x − μ_sur and its squares; of several bases also their sum.
  const int64_t bases = basis_.size(1);
  const int64_t values =
      3 * basis_.size(0) + bases + (rank_ > 1 ? bases / rank_ : 0);
  return values * static_cast<int64_t>(sizeof(float));
}

WidestGates GateBank::Widest(const at::Tensor& rows, const at::Tensor& slope,
                             const at::Tensor& center,
                             const at::Tensor& waiting) const {
  const int64_t num_rows = rows.size(0);
  const auto floats = rows.options().dtype(at::kFloat);
  WidestGates widest{at::empty({num_rows}, floats),
                     at::empty({num_rows}, floats.dtype(at::kLong))};
  ForTokenBlocks(rows, BytesPerToken(), [&](int64_t begin, int64_t count) {
    at::Tensor logits = Projections(rows.narrow(0, begin, count).to(at::kFloat))
                            .sub_(center)
                            .mul_(slope);
    if (waiting.defined()) {
      logits.masked_fill_(waiting, -std::numeric_limits<float>::infinity());
    }
    at::Tensor logit = widest.logit.narrow(0, begin, count);
    at::Tensor concepts = widest.concepts.narrow(0, begin, count);
    at::max_out(logit, concepts, logits, 1);
  });
  return widest;
}

}  // namespace gloce
