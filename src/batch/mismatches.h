// Pictures that are there but are not what the job asks for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/run_manifest.h"

namespace gloce {

class Mismatches {
 public:
  // Looks at the picture at `path`, which exists, of the job's batch `batch`.
  // Returns why it cannot stay: it is not a whole PNG that says it was made as
  // `expected`, has no line in the manifest, or lacks the file `companion`, if
  // that is not empty; "" if it can. Batches come in their order.
  std::string Check(const std::string& path, const RunRecord& expected,
                    bool has_line, const std::string& companion, size_t batch);

  size_t count() const { return count_; }

  // Whether a kill can have left them: of one batch, which was in flight, and
  // lacking nothing but their lines.
  bool CanBeOfAKill() const { return can_be_of_a_kill_; }

  // What a job says that refuses them, with the first few.
  std::string Refusal(const std::string& out_folder) const;

 private:
  std::vector<std::string> first_;
  size_t count_ = 0;
  bool can_be_of_a_kill_ = true;
  std::optional<size_t> batch_;  // of the last one
};

}  // namespace gloce
