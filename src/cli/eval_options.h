// The options of `gloce eval`.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "eval/evaluators.h"

namespace gloce {

// The names of the folders that no --compare names.
inline constexpr const char* kJudgedName = "erased";
inline constexpr const char* kBeforeName = "before";
inline constexpr const char* kReferenceName = "reference";

struct EvalOptions {
  std::string images, before, reference, model, report;
  std::vector<std::string> compared, tables, erased, erasers;
  EvaluatorChoice evaluators;
  std::string region = "detector", device = "auto";
  int64_t batch_size = 16, max_pictures = 400;
  OutputOptions output;
};

void RegisterEvalOptions(CLI::App& app, EvalOptions& options);

// Folder's name → path.
using NamedPaths = std::map<std::string, std::string>;

// The folders of --compare, in their order. Throws UsageError for a part
// without a name, and a name that is taken.
std::vector<std::pair<std::string, std::string>> ComparedOf(
    const EvalOptions& options);

// The tables of --table. Throws UsageError for a name that no folder has, and a
// second table of one.
NamedPaths TablesOf(const EvalOptions& options);

}  // namespace gloce
