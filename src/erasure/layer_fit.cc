#include "erasure/layer_fit.h"

#include <ATen/ATen.h>

#include "erasure/subspace.h"

namespace gloce {

MappingBasis FitMapping(const Moments& mapping, int64_t rank_map) {
  return {mapping.mean, TopEigenvectors(mapping.covariance, rank_map)};
}

TargetBasis FitTarget(const Moments& target, const at::Tensor& surrogate_mean,
                      int64_t rank_target, int64_t rank_gate) {
  const at::Tensor shift = target.mean - surrogate_mean;
  return {
      target.mean, TopEigenvectors(target.covariance, rank_target),
      TopEigenvectors(target.covariance + at::outer(shift, shift), rank_gate)};
}

at::Tensor MapDown(const at::Tensor& map_vectors,
                   const at::Tensor& target_vectors) {
  const at::Tensor map_rows = map_vectors.t();
  return map_rows -
         at::matmul(at::matmul(map_rows, target_vectors), target_vectors.t());
}

}  // namespace gloce
