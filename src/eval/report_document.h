// An evaluation as JSON: what the report shows, and what programs read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "eval/evaluation.h"
#include "eval/ranked_rows.h"

namespace gloce {

struct ReportSettings {
  int64_t side = 192;  // longest side of a picture there, in pixels
  // Of its JPEG: 400 make less than 5 MB of base64 with what is said of them.
  size_t bytes = 8000;
};

// All but rows and pictures (docs/formats.md, "Report document").
nlohmann::ordered_json FiguresDocument(const Evaluation& evaluation);

// All of it: `figures`, which FiguresDocument made, with `rows` in their order
// and their pictures inside. Throws Error if a picture that was read before
// cannot be read any more.
nlohmann::ordered_json ReportDocument(nlohmann::ordered_json figures,
                                      const Evaluation& evaluation,
                                      const std::vector<RankedRow>& rows,
                                      const ReportSettings& settings);

}  // namespace gloce
