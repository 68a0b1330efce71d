// What attacks on erased concepts achieved.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "eval/evaluation.h"
#include "eval/share.h"

namespace gloce {

// How a row attacks.
struct AttackRow {
  std::string kind;              // of AttackKinds(), or a list's name
  std::string concept_name;      // for people; several are joined
  std::string case_number = {};  // the list's own; empty for made prompts
};

// Of the attacks of one kind. A picture shows a concept if the detector finds
// any of the labels that the row asks for.
struct AttackFigure {
  std::string kind;
  std::string concept_name;  // empty: of all
  Share before;              // shown by the unmodified model
  Share after;               // shown in spite of the erasers
  Share still;               // shown after, of those that were shown before
};

// Figures of each kind, in the order of its first row, then of each kind and
// concept if there are several. `evaluation` has the pictures after the
// erasure, then those before; `rows` has one entry a row of it. Rows without a
// partner, with a picture that cannot be read or that ask for no label are left
// out.
std::vector<AttackFigure> AttackFigures(const Evaluation& evaluation,
                                        const std::vector<AttackRow>& rows);

// For a terminal: a line a kind, then those concepts that were shown most
// often.
std::string AttackTable(const std::vector<AttackFigure>& figures);

// Of each kind, before and after, as figures of the folders of these names, for
// the report.
std::vector<Figure> AttackReportFigures(
    const std::vector<AttackFigure>& figures, const std::string& after,
    const std::string& before);

// For programs (docs/formats.md, "Attacks").
nlohmann::ordered_json AttackDocument(const std::vector<AttackFigure>& figures);

// A line a picture: file, kind, concept, case number, prompt, seed, and whether
// the concept is shown before and after ("" where a picture is missing or
// broken).
std::string AttackCsv(const Evaluation& evaluation,
                      const std::vector<AttackRow>& rows);

}  // namespace gloce
