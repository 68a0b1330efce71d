#include "erasure/layer_fit.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "erasure/subspace.h"

namespace gloce {

double ExplainedShare(const at::Tensor& matrix, const at::Tensor& vectors) {
  const double all = matrix.trace().item<double>();
  if (!(all > 0)) return 0;
  return (vectors * at::matmul(matrix, vectors)).sum().item<double>() / all;
}

MappingBasis FitMapping(const Moments& mapping, int64_t rank_map) {
  const at::Tensor vectors = TopEigenvectors(mapping.covariance, rank_map);
  return {mapping.mean, vectors, ExplainedShare(mapping.covariance, vectors)};
}

TargetBasis FitTarget(const Moments& target, const at::Tensor& surrogate_mean,
                      int64_t rank_target, int64_t rank_gate) {
  const at::Tensor shift = target.mean - surrogate_mean;
  const at::Tensor vectors = TopEigenvectors(target.covariance, rank_target);
  // The shift adds rank one, so the gate's directions are nearly a combination
  // of these.
  const at::Tensor near =
      at::cat({vectors.narrow(1, 0, std::min(vectors.size(1), rank_gate + 1)),
               shift.unsqueeze(1)},
              1);
  const at::Tensor seen = target.covariance + at::outer(shift, shift);
  const at::Tensor gate_basis = TopEigenvectors(seen, rank_gate, near);
  return {target.mean, vectors, gate_basis,
          ExplainedShare(target.covariance, vectors),
          ExplainedShare(seen, gate_basis)};
}

at::Tensor MapDown(const at::Tensor& map_vectors,
                   const at::Tensor& target_vectors) {
  const at::Tensor map_rows = map_vectors.t();
  return map_rows -
         at::matmul(at::matmul(map_rows, target_vectors), target_vectors.t());
}

}  // namespace gloce
