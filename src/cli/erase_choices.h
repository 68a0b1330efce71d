// Which concepts each row of a job has erased.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gloce/batch/job.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

// The sets of concepts that a job's rows choose from its erasers.
class EraseChoices {
 public:
  // `erasers` must outlive this.
  explicit EraseChoices(const Erasers& erasers);

  // The choice of the concepts named, in any order; nothing where that is all
  // of them. Throws Error naming those there are if a name is unknown.
  std::optional<size_t> Add(const std::vector<std::string>& names);

  // What the records of pictures say of each choice, as of a job that has
  // these concepts only. A choice of nothing says what a job without erasers
  // says.
  const std::vector<ErasureFacts>& facts() const { return facts_; }

  // The erasers of a choice; all for nothing.
  Erasers Select(std::optional<size_t> choice) const;

 private:
  const Erasers& erasers_;
  std::vector<std::string> known_;
  std::map<std::vector<bool>, size_t> choice_of_set_;
  std::vector<ErasureFacts> facts_;
};

}  // namespace gloce
