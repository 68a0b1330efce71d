// Where each concept's gate stands when the gates of many are computed
// together. Places depend on the whole list alone: a matrix product's last bits
// depend on its shape and on the column, so a shard that computes some of the
// gates gives the bits of all.
#pragma once

#include <cstdint>
#include <vector>

#include "erasure/fit_plan.h"

namespace gloce {

struct GateSlots {
  // Concepts with one surrogate, so that tokens are centred once for all.
  struct Block {
    size_t surrogate;              // reduction of the plan
    int64_t rank;                  // columns of a slot: the largest r3
    std::vector<size_t> concepts;  // in the order of their slots
  };
  struct Slot {
    size_t block, index;
  };
  std::vector<Block> blocks;
  std::vector<Slot> slots;  // of each concept
};

// Blocks of at most 32 concepts.
GateSlots PlanGateSlots(const FitPlan& plan,
                        const std::vector<ConceptSettings>& concepts);

}  // namespace gloce
