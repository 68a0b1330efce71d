// An evaluator outside of a bundle: a JSON file beside its networks
// (docs/formats.md, "Evaluators"; made by scripts/export_evaluator.py).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/json.h"
#include "bundle/evaluator_spec.h"

namespace gloce {

class EvaluatorFile {
 public:
  // Reads and checks the head of the file at `path`. Throws Error.
  explicit EvaluatorFile(const std::string& path);

  const std::string& path() const { return path_; }
  const std::string& kind() const { return kind_; }

  // The entry, without the head. Call Finish on it.
  JsonObject& entry() { return entry_; }

  // The path of a file beside it, whose hash was checked. Throws Error.
  std::string CheckedPath(const BundleFile& file) const;

 private:
  std::string path_;
  nlohmann::json document_;
  JsonObject entry_;
  std::string kind_;
};

}  // namespace gloce
