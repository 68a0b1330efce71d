#include "erasure/layer_fit.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "erasure/subspace.h"

namespace gloce {

MappingBasis FitMapping(const Moments& mapping, int64_t rank_map) {
  return {mapping.mean, TopEigenvectors(mapping.covariance, rank_map)};
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
  return {target.mean, vectors,
          TopEigenvectors(target.covariance + at::outer(shift, shift),
                          rank_gate, near)};
}

at::Tensor MapDown(const at::Tensor& map_vectors,
                   const at::Tensor& target_vectors) {
  const at::Tensor map_rows = map_vectors.t();
  return map_rows -
         at::matmul(at::matmul(map_rows, target_vectors), target_vectors.t());
}

}  // namespace gloce
