#include "erasure/subspace.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <optional>
#include <tuple>

namespace gloce {
namespace {

// Notation (<variable name> -> <name in G. H. Golub and C. F. Van Loan, Matrix
// Computations, 10.3.6>): matrix -> A, basis_ -> [X_1 … X_k], projected_ -> T,
// coupling_ -> B_k, block -> p.

// Blocks that a basis of half the matrix's width must have room for. Otherwise
// most searches fail, and a full decomposition takes as long.
constexpr int64_t kFewestBlocks = 12;
// Columns of a block beyond the rank: a block as wide as the rank finds
// eigenvalues of any multiplicity, some more columns bring the cut nearer.
constexpr int64_t kExtra = 4;
// Residual that is asked for, as a part of the gap at the cut. It bounds the
// sine of the angle between the subspaces (Davis and Kahan).
constexpr double kOfGap = 1e-7;
// Residual that rounding leaves, as a part of the largest eigenvalue.
constexpr double kRounding = 1e-13;

at::Tensor FixSigns(const at::Tensor& vectors) {
  const at::Tensor largest =
      std::get<1>(vectors.abs().max(0, /*keepdim=*/true));
  return (vectors * vectors.gather(0, largest).sign()).contiguous();
}

// Block Lanczos with full reorthogonalisation: a basis of the Krylov space of
// the matrix and a start block, and the matrix projected onto it.
class BlockLanczos {
 public:
  // `block` (D, p) with orthonormal columns.
  BlockLanczos(const at::Tensor& matrix, const at::Tensor& block,
               int64_t max_size)
      : matrix_(matrix),
        basis_(at::empty({matrix.size(0), max_size}, matrix.options())),
        projected_(at::zeros({max_size, max_size}, matrix.options())),
        next_(block) {}

  int64_t size() const { return size_; }

  // Adds a block to the basis.
  void Step() {
    const int64_t width = next_.size(1);
    const int64_t begin = size_;
    size_ += width;
    basis_.narrow(1, begin, width).copy_(next_);
    const at::Tensor basis = basis_.narrow(1, 0, size_);
    at::Tensor product = at::matmul(matrix_, next_);
    const at::Tensor along = at::matmul(basis.t(), product);
    projected_.narrow(0, 0, size_).narrow(1, begin, width).copy_(along);
    projected_.narrow(0, begin, width).narrow(1, 0, size_).copy_(along.t());
    product = product - at::matmul(basis, along);
    product = Orthogonalised(product);
    const auto [directions, coupling] = at::linalg_qr(product);
    coupling_ = coupling;
    // Directions of a coupling that is all rounding are not orthogonal to the
    // basis yet; afterwards they explore what the basis left out.
    next_ = std::get<0>(at::linalg_qr(Orthogonalised(directions)));
  }

  // Eigenpairs of the projected matrix, largest first: values (m), vectors
  // (m, m).
  std::pair<at::Tensor, at::Tensor> Ritz() const {
    const auto [values, vectors] = at::linalg_eigh(
        projected_.narrow(0, 0, size_).narrow(1, 0, size_).contiguous());
    return {values.flip({0}), vectors.flip({1})};
  }

  // ‖A V y − V y θ‖ of the space's eigenvectors `y` (m, r) taken together: only
  // the coupling to the next block is missing from the projection.
  double Residual(const at::Tensor& y) const {
    const int64_t width = next_.size(1);
    return at::matmul(coupling_, y.narrow(0, size_ - width, width))
        .norm()
        .item<double>();
  }

  // V y, (D, r).
  at::Tensor Expand(const at::Tensor& y) const {
    return at::matmul(basis_.narrow(1, 0, size_), y);
  }

 private:
  at::Tensor Orthogonalised(const at::Tensor& block) const {
    const at::Tensor basis = basis_.narrow(1, 0, size_);
    return block - at::matmul(basis, at::matmul(basis.t(), block));
  }

  const at::Tensor& matrix_;
  at::Tensor basis_, projected_;
  at::Tensor next_, coupling_;
  int64_t size_ = 0;
};

// (D, p) orthonormal: `start` first, the rest pseudo-random and always the
// same.
at::Tensor StartBlock(int64_t width, int64_t rank, const at::Tensor& start) {
  const int64_t given = start.defined() ? start.size(1) : 0;
  const int64_t random = std::max(rank + kExtra - given, kExtra);
  at::Tensor block = at::randn({width, random},
                               at::detail::createCPUGenerator(0), at::kDouble);
  if (given > 0) block = at::cat({start, block}, 1);
  return std::get<0>(at::linalg_qr(block));
}

// Nothing if the wanted eigenvectors do not converge in a space that is small
// enough to gain by it. REQUIRES: rank > 0.
std::optional<at::Tensor> LeadingByLanczos(const at::Tensor& matrix,
                                           int64_t rank,
                                           const at::Tensor& start) {
  const int64_t width = matrix.size(0);
  const at::Tensor block = StartBlock(width, rank, start);
  const int64_t step = block.size(1);
  const int64_t max_size = std::min(width / 2, 2 * kFewestBlocks * step);
  if (max_size < kFewestBlocks * step) return std::nullopt;
  BlockLanczos space(matrix, block, max_size);
  while (space.size() + step <= max_size) {
    space.Step();
    if (space.size() <= rank + step) continue;
    const auto [values, vectors] = space.Ritz();
    const double largest = values[0].item<double>();
    const double gap =
        values[rank - 1].item<double>() - values[rank].item<double>();
    const double tolerance =
        std::max(kOfGap * gap, kRounding * std::abs(largest));
    const at::Tensor leading = vectors.narrow(1, 0, rank);
    if (!(space.Residual(leading) <= tolerance)) continue;
    at::Tensor found = space.Expand(leading);
    // The identity behind Residual holds up to rounding; this is the truth.
    const double residual =
        (at::matmul(matrix, found) - found * values.narrow(0, 0, rank))
            .norm()
            .item<double>();
    if (residual <= 2 * tolerance) return found;
  }
  return std::nullopt;
}

}  // namespace

at::Tensor TopEigenvectorsInFull(const at::Tensor& matrix, int64_t rank) {
  const int64_t count = std::min(rank, matrix.size(0));
  const at::Tensor vectors = std::get<1>(at::linalg_eigh(matrix));  // ascending
  return FixSigns(vectors.narrow(1, matrix.size(0) - count, count).flip({1}));
}

LeadingEigenvectors FindTopEigenvectors(const at::Tensor& matrix, int64_t rank,
                                        const at::Tensor& start) {
  if (rank == 0) return {matrix.new_empty({matrix.size(0), 0}), false};
  if (const auto found = LeadingByLanczos(matrix, rank, start))
    return {FixSigns(*found), false};
  return {TopEigenvectorsInFull(matrix, rank), true};
}

at::Tensor TopEigenvectors(const at::Tensor& matrix, int64_t rank,
                           const at::Tensor& start) {
  return FindTopEigenvectors(matrix, rank, start).vectors;
}

}  // namespace gloce
