#include "cli/erase_choices.h"

#include <algorithm>

#include "base/join.h"
#include "base/json.h"
#include "gloce/base/error.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {

EraseChoices::EraseChoices(const Erasers& erasers)
    : erasers_(erasers), known_(ConceptNames(erasers)) {}

std::optional<size_t> EraseChoices::Add(const std::vector<std::string>& names) {
  std::vector<bool> set(known_.size(), false);
  for (const std::string& name : names) {
    const auto found = std::find(known_.begin(), known_.end(), name);
    if (found == known_.end()) {
      throw Error("erase: got " + QuoteForMessage(name) +
                  (known_.empty() ? ", but the job has no --erasers"
                                  : ", expected one of: " + Join(known_)));
    }
    set[static_cast<size_t>(found - known_.begin())] = true;
  }
  if (std::find(set.begin(), set.end(), false) == set.end()) {
    return std::nullopt;
  }
  const auto [choice, is_new] = choice_of_set_.emplace(set, facts_.size());
  if (is_new) {
    ErasureFacts facts;
    for (size_t i = 0; i < set.size(); ++i) {
      if (set[i]) facts.concepts.push_back(known_[i]);
    }
    if (!facts.concepts.empty()) {
      facts.erasers = ErasersHash(SelectConcepts(erasers_, facts.concepts));
    }
    facts_.push_back(std::move(facts));
  }
  return choice->second;
}

Erasers EraseChoices::Select(std::optional<size_t> choice) const {
  if (!choice) return erasers_;
  return SelectConcepts(erasers_, facts_[*choice].concepts);
}

}  // namespace gloce
