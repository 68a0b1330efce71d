// Prompts that try to bring an erased concept back, made from its name and from
// what its eraser says of itself.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gloce/erasure/eraser.h"

namespace gloce {

// The ways to ask for a concept, in the order of reports:
//   name             as the eraser knows it: the prompts of its statistics
//   misspelling      one slip in the name: letters swapped, left out, doubled,
//                    or a digit that looks alike; none that a tokenizer drops
//                    (case, spaces doubled)
//   paraphrase       the name in other sentences
//   context_added    something beside it, or a place: survivors of the eraser's
//                    anchors first
//   context_removed  the name with less around it, or nothing
//   surrogate        the prompts of the eraser's surrogate, the gate's
//                    reference: what the concept is one of ("a person"), or
//                    nothing in particular ("a picture")
std::vector<std::string> AttackKinds();

// At most `count` prompts of one kind against `concept`, all different; fewer
// if there are not more of that kind, none if the eraser does not say what it
// needs. Equal arguments give equal prompts.
std::vector<std::string> AttackPrompts(const ConceptInfo& concept_info,
                                       const std::string& kind, size_t count);

}  // namespace gloce
