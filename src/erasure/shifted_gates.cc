#include "erasure/shifted_gates.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "erasure/centred_sums.h"
#include "erasure/token_ranges.h"

namespace gloce {
namespace {

// A pair is near if ‖x − μ_sur‖² is less than this share of ‖x'‖² + ‖m‖². The
// expansion's error, relative to the result, is that of a float32 product over
// the share; so it stays within an order of what centring itself leaves.
constexpr float kNear = 0.125F;

// In float64 the same quotient decides when nothing but rounding is left; p of
// such a token tends to 0, as that of the surrogate's mean is.
constexpr double kIndistinguishable = 1e-12;

at::ScalarType TypeOn(c10::Device device) {
  return device.is_cpu() ? at::kFloat : at::kDouble;
}

}  // namespace

ShiftedGates::ShiftedGates(const at::Tensor& gate_basis,
                           const at::Tensor& means,
                           const std::vector<int64_t>& group_of,
                           c10::Device device)
    : rank_(gate_basis.size(2)),
      num_concepts_(gate_basis.size(0)),
      members_(static_cast<size_t>(means.size(0))) {
  const at::ScalarType type = TypeOn(device);
  const int64_t width = gate_basis.size(1);
  const at::Tensor group = at::tensor(group_of, at::kLong);
  for (size_t n = 0; n < group_of.size(); ++n) {
    members_[static_cast<size_t>(group_of[n])].push_back(
        static_cast<int64_t>(n));
  }
  const at::Tensor basis = gate_basis.to(at::kCPU, at::kDouble);
  const at::Tensor centre = means.to(at::kDouble).mean(0).to(type);
  const at::Tensor shift = means.to(at::kDouble) - centre;  // (G, D) m
  const at::Tensor offset =
      at::einsum("ndr,nd->nr", {basis, shift.index_select(0, group)});
  centre_ = centre.to(device);
  directions_ =
      at::cat({basis.transpose(1, 2).reshape({-1, width}), shift * -2}, 0)
          .to(type)
          .to(device);
  offset_ = offset.reshape({-1}).to(type).to(device);
  shift_ = shift.square().sum(1).to(type).to(device);
  if (!group.equal(at::arange(num_concepts_))) group_ = group.to(device);
  if (device.is_cpu()) means_ = means.contiguous();
}

int64_t ShiftedGates::BytesPerToken() const {
  const int64_t width = directions_.size(1);
  const int64_t num_groups = shift_.size(0);
  const int64_t num_bases = num_concepts_ * rank_;
  // x' and its squares; product, its square, norms and total; of several bases
  // their sum, of groups their members' norms.
  const int64_t values = 2 * width + 2 * num_bases + 3 * num_groups +
                         (rank_ > 1 ? num_concepts_ : 0) +
                         (group_.defined() ? num_concepts_ : 0);
  const int64_t in_float32 = width + num_concepts_;  // x and p
  return values * static_cast<int64_t>(directions_.element_size()) +
         in_float32 * static_cast<int64_t>(sizeof(float));
}

void ShiftedGates::MendNearPairs(const at::Tensor& rows, const at::Tensor& size,
                                 at::Tensor& norm, at::Tensor& energy) const {
  const int64_t width = rows.size(1);
  const int64_t num_groups = norm.size(1);
  const auto* x = rows.const_data_ptr<float>();
  const auto* sizes = size.const_data_ptr<float>();
  const auto* shift = shift_.const_data_ptr<float>();
  const auto* means = means_.const_data_ptr<float>();
  const auto* basis = directions_.const_data_ptr<float>();
  auto* norms = norm.mutable_data_ptr<float>();
  auto* energies = energy.mutable_data_ptr<float>();
  const auto is_near = [&](float of_pair, int64_t m, int64_t g) {
    return of_pair < kNear * (sizes[m] + shift[g]);
  };
  const auto mend = [&](int64_t m, int64_t g) {
    const float* token = x + m * width;
    const float* mean = means + g * width;
    norms[m * num_groups + g] = CentredSquares(token, mean, width);
    for (const int64_t n : members_[static_cast<size_t>(g)]) {
      float sum = 0;
      for (int64_t r = 0; r < rank_; ++r) {
        const float along =
            CentredDot(basis + (n * rank_ + r) * width, token, mean, width);
        sum += along * along;
      }
      energies[m * num_concepts_ + n] = sum;
    }
  };
  ForTokens(size, std::max<int64_t>(kGrain / num_groups, 1),
            [&](int64_t first, int64_t last) {
              for (int64_t m = first; m < last; ++m) {
                const float* of_token = norms + m * num_groups;
                // Without a branch inside, which the compiler can vectorise;
                // most tokens have no near pair.
                bool any = false;
                for (int64_t g = 0; g < num_groups; ++g)
                  any |= is_near(of_token[g], m, g);
                if (!any) continue;
                for (int64_t g = 0; g < num_groups; ++g) {
                  if (is_near(of_token[g], m, g)) mend(m, g);
                }
              }
            });
}

at::Tensor ShiftedGates::Projections(const at::Tensor& rows) const {
  const int64_t num_bases = num_concepts_ * rank_;
  const at::Tensor centred = rows.to(centre_.scalar_type()) - centre_;  // x'
  const at::Tensor size = centred.square().sum(1);
  at::Tensor total = at::add(size.unsqueeze(1), shift_);
  const at::Tensor product = at::mm(centred, directions_.t());
  at::Tensor energy =
      at::sub(product.narrow(1, 0, num_bases), offset_).square_();
  if (rank_ > 1) {
    energy = energy.reshape({-1, num_concepts_, rank_}).sum(2);
  }
  at::Tensor norm = product.narrow(1, num_bases, shift_.size(0)) + total;
  if (rows.is_cpu()) {
    MendNearPairs(rows.contiguous(), size, norm, energy);
    norm.clamp_min_(std::numeric_limits<float>::min());
  } else {
    at::maximum_out(norm, norm, total.mul_(kIndistinguishable));
    norm.clamp_min_(std::numeric_limits<float>::min());
  }
  if (group_.defined()) norm = norm.index_select(1, group_);
  return energy.div_(norm).to(at::kFloat);
}

}  // namespace gloce
