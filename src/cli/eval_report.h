// What evaluations write and say, whichever subcommand evaluates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "eval/evaluation.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

// All erasers of the files. Throws Error.
Erasers ReadErasersFiles(const std::vector<std::string>& paths);

// Evaluates, as `task` on the progress line; ends by Interrupted on a signal.
Evaluation EvaluateWithProgress(const EvaluationInput& input,
                                Evaluators& evaluators,
                                EvaluationSettings settings,
                                const std::string& task, bool quiet);

// The page at `path`, which ends in .html, and beside it the figures (.json,
// .csv) and the contact sheet (.png). At most `max_pictures` of all folders,
// the worst first. Throws Error.
void WriteReport(const std::string& path, int64_t max_pictures,
                 const Evaluation& evaluation, const Erasers& erasers,
                 const nlohmann::ordered_json& figures);

// How many pictures could not be read; the first are told one by one.
size_t TellOfBroken(const Evaluation& evaluation);

// Throws UsageError unless `path` is empty or ends in .html or .htm.
void CheckReportName(const std::string& path);

}  // namespace gloce
