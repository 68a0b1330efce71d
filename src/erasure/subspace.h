// Leading eigenvectors of symmetric matrices.
#pragma once

#include <ATen/core/Tensor.h>

namespace gloce {

// The eigenvectors of the largest eigenvalues of a symmetric matrix, without
// computing the others (block Lanczos). The projector onto them differs from
// that of a full decomposition by 1e-7 or less, in the spectral norm, unless
// the eigenvalues on both sides of the cut are equal to 1e-6 of the largest;
// then both are as close as double precision can tell. What does not converge
// to that, and matrices too small to gain, are decomposed in full.
//   matrix  (D, D) float64, symmetric positive semi-definite
//   rank    how many; more than D gives D
//   start   (D, K) float64 or undefined: directions that are likely to span
//           some of them, which saves steps and changes nothing else
// Returns (D, min(rank, D)) float64 with orthonormal columns, largest
// eigenvalue first. Signs, which the eigenproblem leaves open, are chosen so
// that each column's largest entry is positive. Equal arguments give equal
// bits.
at::Tensor TopEigenvectors(const at::Tensor& matrix, int64_t rank,
                           const at::Tensor& start = at::Tensor());

// The same, with how they were found.
struct LeadingEigenvectors {
  at::Tensor vectors;
  bool in_full = false;  // by a full decomposition
};
LeadingEigenvectors FindTopEigenvectors(const at::Tensor& matrix, int64_t rank,
                                        const at::Tensor& start = at::Tensor());

// The same from a full decomposition, ~10 times as long at D = 1280.
at::Tensor TopEigenvectorsInFull(const at::Tensor& matrix, int64_t rank);

}  // namespace gloce
