// Means and covariances of image tokens, streaming.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace gloce {

// Notation (<variable name> -> <name in docs/erasure.md>):
//   mean -> μ, covariance -> Σ (biased: divided by the count), x -> x, width ->
//   D
struct Moments {
  at::Tensor mean;        // (D) float64, CPU
  at::Tensor covariance;  // (D, D) float64, CPU; undefined if only the mean was
                          // asked for
};

// The token map and three further levels of 2×2 average pooling, all flattened
// to rows.
//   x       (B, T, D), T = height · width of the token map, row-major
// Returns float64 (rows, D), every row with weight 1. A level is left out, and
// with it all coarser ones, once a side of the map before it is 1. An odd side
// loses its last row, as in avg_pool2d.
at::Tensor PoolTokens(const at::Tensor& x, int64_t height, int64_t width);

// Height and width of a token map of T tokens with the proportions of the
// latents. Throws Error if T does not fit them.
std::pair<int64_t, int64_t> TokenMapSize(int64_t tokens, int64_t latent_height,
                                         int64_t latent_width);

// Sums over rows x, float64 on the CPU. They can be added: a set's sums are
// those of its prompts.
struct MomentSums {
  int64_t count = 0;     // rows
  at::Tensor sum;        // (D), Σx
  at::Tensor outer_sum;  // (D, D), Σxxᵀ; undefined if only the mean was asked
                         // for

  void Add(const MomentSums& other);
};

// E[x] and E[xxᵀ] − μμᵀ. Throws Error if nothing was summed.
Moments ToMoments(const MomentSums& sums, bool with_covariance);

// Sums of x and xxᵀ in float64 on the activations' device. In float32 these
// sums cancel: ‖E[xxᵀ]‖ is 30 to 106 times ‖Σ‖.
class MomentAccumulator {
 public:
  MomentAccumulator(int64_t width, bool with_covariance);

  // Adds rows (R, D) of float64.
  void Add(const at::Tensor& rows);

  // The sums of what was added, copied from the device, where they are freed.
  // Throws Error if a value is not finite. REQUIRES: not called before.
  MomentSums Take();

 private:
  void AddOuterProducts(const at::Tensor& rows);

  int64_t width_;
  bool with_covariance_;
  int64_t count_ = 0;
  at::Tensor sum_;
  at::Tensor outer_sum_;  // right on and above the diagonal
};

}  // namespace gloce
