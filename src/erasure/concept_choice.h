// Chooses anchors and mapping concepts from a pool by similarity of text
// embeddings.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "gloce/erasure/concept_list.h"

namespace gloce {

using EncodePrompts =
    std::function<at::Tensor(const std::vector<std::string>&)>;

// Fills in every open anchor and mapping list. Names being erased are left out
// of every pool, compared without case; with `published_filter` what the
// published code leaves out instead. Anchors are the most
// similar of the pool, mapping the least similar. Throws UsageError that tells
// the ways to give anchors where a concept has none and no pool, or too small a
// pool.
std::vector<ConceptSettings> ChooseConcepts(
    const std::vector<ConceptRequest>& requests, const EncodePrompts& encode,
    std::vector<ConceptChoice>* choices = nullptr);

}  // namespace gloce
