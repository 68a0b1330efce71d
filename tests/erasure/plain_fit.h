// The fit once more, from the paper's definitions in plain double precision, on
// activations recorded one prompt and seed at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "erasure/recorded_activations.h"

namespace gloce {

// μ (D) and Σ (D, D), float64.
struct PlainMoments {
  at::Tensor mean, covariance;
};

// Over tokens and three pooled levels of all calls of the layer, in two passes
// over all rows.
PlainMoments ComputePlainMoments(const std::vector<Recording>& recordings,
                                 size_t layer);

// One layer's part of an eraser, float64; names of docs/erasure.md.
struct PlainEraser {
  at::Tensor target_mean, mapping_mean, surrogate_mean;  // (D)
  at::Tensor v_map;                                      // (D, r1)
  at::Tensor map;     // (D, D)  V_map V_mapᵀ(I − V_tar V_tarᵀ)
  at::Tensor v_gate;  // (D, r3)
  double gate_center = 0;
  double gate_slope = 0;
};

// Records each prompt once, whatever number of concepts it serves.
class PlainFit {
 public:
  // All concepts are sampled with `statistics`.
  PlainFit(Pipeline& pipeline, HookedDenoiser& denoiser,
           StatisticsSettings statistics)
      : pipeline_(pipeline),
        denoiser_(denoiser),
        statistics_(std::move(statistics)) {}

  // All seeds of all prompts.
  std::vector<Recording> RecordAll(const std::vector<std::string>& prompts);

  PlainEraser Fit(const ConceptSettings& settings, size_t layer);

 private:
  const std::vector<Recording>& RecordSeeds(const std::string& prompt);
  const PlainMoments& Moments(const std::vector<std::string>& prompts,
                              size_t layer);

  Pipeline& pipeline_;
  HookedDenoiser& denoiser_;
  StatisticsSettings statistics_;
  std::map<std::string, std::vector<Recording>> recordings_;
  std::map<std::pair<std::vector<std::string>, size_t>, PlainMoments> moments_;
};

}  // namespace gloce
