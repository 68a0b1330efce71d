#include "erasure/gate_slots.h"

#include <algorithm>
#include <map>

namespace gloce {
namespace {

// Wide enough for a matrix product to be worth its name; a batch whose anchors
// serve one concept computes this many.
constexpr size_t kSlotsOfABlock = 32;

}  // namespace

GateSlots PlanGateSlots(const FitPlan& plan,
                        const std::vector<ConceptSettings>& concepts) {
  GateSlots result;
  std::map<size_t, size_t> open;  // block of each surrogate that has room
  for (size_t i = 0; i < concepts.size(); ++i) {
    const size_t surrogate = plan.concepts[i].surrogate;
    const auto found = open.find(surrogate);
    if (found == open.end() ||
        result.blocks[found->second].concepts.size() == kSlotsOfABlock) {
      open[surrogate] = result.blocks.size();
      result.blocks.push_back({surrogate, 0, {}});
    }
    GateSlots::Block& block = result.blocks[open[surrogate]];
    result.slots.push_back({open[surrogate], block.concepts.size()});
    block.concepts.push_back(i);
    block.rank = std::max(block.rank, concepts[i].rank_gate);
  }
  return result;
}

}  // namespace gloce
