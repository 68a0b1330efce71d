#include "erasure/subspace.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace gloce {

at::Tensor TopEigenvectors(const at::Tensor& matrix, int64_t rank) {
  const int64_t count = std::min(rank, matrix.size(0));
  const at::Tensor vectors = std::get<1>(at::linalg_eigh(matrix));  // ascending
  const at::Tensor top =
      vectors.narrow(1, matrix.size(0) - count, count).flip({1});
  const at::Tensor largest = std::get<1>(top.abs().max(0, /*keepdim=*/true));
  return (top * top.gather(0, largest).sign()).contiguous();
}

}  // namespace gloce
