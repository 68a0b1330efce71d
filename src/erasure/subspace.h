// Leading eigenvectors of symmetric matrices.
#pragma once

#include <ATen/core/Tensor.h>

namespace gloce {

// The eigenvectors of the largest eigenvalues of a symmetric matrix.
//   matrix  (D, D) float64, symmetric positive semi-definite
//   rank    how many; more than D gives D
// Returns (D, min(rank, D)) float64 with orthonormal columns, largest
// eigenvalue first. Signs, which the eigenproblem leaves open, are chosen so
// that each column's largest entry is positive.
at::Tensor TopEigenvectors(const at::Tensor& matrix, int64_t rank);

}  // namespace gloce
