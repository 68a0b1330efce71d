// Erasers as data: what the fit computes, what a file holds, what generation
// applies.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <optional>
#include <string>
#include <vector>

namespace gloce {

// How statistics were, or are to be, sampled.
struct StatisticsSettings {
  std::string scheduler = "lms";
  int64_t num_inference_steps = 50;
  double guidance_scale = 7.5;
  int64_t window_start =
      10;  // calls k of the denoiser with start < k <= end are recorded,
  int64_t window_end = 20;  // k counted from 0
  int64_t num_seeds = 3;    // seeds 0, 1, …

  bool operator==(const StatisticsSettings&) const = default;
  auto operator<=>(const StatisticsSettings&) const = default;
};

// Beyond it, in either direction, an eta is a slip; float32 would overflow.
inline constexpr double kMaxEta = 1e6;

// Everything that decides a concept's eraser, prompts in full.
struct ConceptSettings {
  std::string name;
  std::vector<std::string> prompts;    // target: what is erased
  std::vector<std::string> mapping;    // what should appear instead
  std::vector<std::string> surrogate;  // the gate's reference
  std::vector<std::string> anchors;    // what must survive and is most similar
  int64_t rank_map = 2;                // r1
  int64_t rank_target = 16;            // r2
  int64_t rank_gate = 1;               // r3
  double tau =
      2.5;  // standard deviations between the anchors and the threshold
  double eta = 1.0;        // scale of what is put in place
  double gate_start = 10;  // in steps of the statistics, not always whole: the
                           // noise level to act from
  StatisticsSettings statistics;

  bool operator==(const ConceptSettings&) const = default;
};

// What the fit saw of a concept at one hook point. For people: pictures do not
// depend on it.
struct LayerFacts {
  double anchor_mean = 0;  // of m, over the anchors' passes and calls
  double anchor_std = 0;   // of m, unbiased
  // p of the target's tokens, weighted by ‖x − μ_sur‖²; in [0, 1].
  double target_score = 0;
  // Shares of variance that lie in V_map and in V_tar, in [0, 1].
  double explained_map = 0;
  double explained_target = 0;
};

// A concept of an erasers file.
struct ConceptInfo {
  ConceptSettings settings;
  double gate_start_timestep = 0;  // the eraser acts where timestep <= this
  std::string tool_version;
  // Keys of settings that are not known, as those of a converted checkpoint
  // that does not hold them; their fields above mean nothing. Never name, ranks
  // or eta. In the order of docs/formats.md.
  std::vector<std::string> unknown = {};
  // One a hook point; empty if unknown, as of a converted checkpoint.
  std::vector<LayerFacts> facts = {};
};

// One hook point's part of N erasers, float32 on the CPU, concepts along the
// first dimension. Ranks that differ between concepts are padded with zeros,
// which changes no result. Names in docs/erasure.md stand behind the shapes.
struct LayerErasers {
  std::string path;           // hook point
  int64_t width = 0;          // D
  at::Tensor map_up;          // (N, D, R1)  V_map
  at::Tensor map_down;        // (N, R1, D)  V_mapᵀ(I − V_tar V_tarᵀ)
  at::Tensor mapping_mean;    // (N, D)      μ_map
  at::Tensor target_mean;     // (N, D)      μ_tar
  at::Tensor gate_basis;      // (N, D, R3)  V_gate
  at::Tensor surrogate_mean;  // (N, D)      μ_sur
  at::Tensor gate_center;     // (N)         c
  at::Tensor gate_slope;      // (N)         k
};

// Which part of a concept list some erasers are, if the list was divided.
struct ShardInfo {
  int64_t shard = 1;  // from 1
  int64_t num_shards = 1;
  std::string list_hash;  // of the whole list with all settings

  bool operator==(const ShardInfo&) const = default;
};

// Erasers of N concepts for one model.
struct Erasers {
  std::string model_identity;
  std::vector<ConceptInfo> concepts;  // N; this order breaks ties between gates
  std::vector<LayerErasers>
      layers;  // one for each hook point, in the denoiser's order
  std::optional<ShardInfo> shard = {};
  // How a file holds the matrices and means: float32, float16 or bfloat16. Here
  // they are float32 whatever it is.
  c10::ScalarType stored_dtype = c10::ScalarType::Float;
};

// The noise level from which an eraser acts, as a timestep: num_train·(1 −
// start/steps) + 1. With PNDM and 50 steps these are exactly the calls that the
// published code gates.
double GateStartTimestep(int64_t num_train_timesteps, double gate_start,
                         int64_t steps);

// Names of the concepts, in their order.
std::vector<std::string> ConceptNames(const Erasers& erasers);

// The erasers of the named concepts, in the file's order. Throws UsageError
// naming those the file has if a name is unknown.
Erasers SelectConcepts(const Erasers& erasers,
                       const std::vector<std::string>& names);

// All concepts of all inputs, in order. The shards of a list stand where the
// first of them does, in the list's order, and make what the list makes in one
// build. The stored type is the inputs', or float32, which loses nothing, if
// they differ. Throws Error if inputs were built for different models or hook
// points, a concept appears twice, or shards are missing or given twice.
Erasers MergeErasers(const std::vector<Erasers>& inputs);

}  // namespace gloce
