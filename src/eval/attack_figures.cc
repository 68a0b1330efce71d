#include "eval/attack_figures.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/table_cells.h"
#include "eval/text_table.h"

namespace gloce {
namespace {

using nlohmann::ordered_json;

// Whether a row's picture in `set` shows what it asks for; nothing if nobody
// can say.
std::optional<bool> IsShown(const Evaluation& evaluation,
                            const EvaluatedSet& set, size_t row) {
  const std::vector<size_t>& asked = evaluation.rows[row].erased;
  if (asked.empty() || !set.picture_of_row[row] ||
      !set.facts[row].fault.empty()) {
    return std::nullopt;
  }
  return std::any_of(asked.begin(), asked.end(), [&](size_t label) {
    return set.facts[row].IsFound(label);
  });
}

AttackFigure& FigureOf(std::vector<AttackFigure>& figures,
                       const std::string& kind,
                       const std::string& concept_name) {
  const auto found = std::find_if(
      figures.begin(), figures.end(), [&](const AttackFigure& figure) {
        return figure.kind == kind && figure.concept_name == concept_name;
      });
  if (found != figures.end()) return *found;
  figures.push_back({kind, concept_name, {}, {}, {}});
  return figures.back();
}

void Add(bool before, bool after, AttackFigure& figure) {
  figure.before.Add(before);
  figure.after.Add(after);
  if (before) figure.still.Add(after);
}

ordered_json ToJson(const Share& share) {
  if (share.n == 0) return nullptr;
  const Interval interval = WilsonInterval(share);
  return {{"value", share.value()},
          {"low", interval.low},
          {"high", interval.high},
          {"n", share.n}};
}

// "12.5 [4.3, 31.0]", in percent.
std::string CellOf(const Share& share) {
  if (share.n == 0) return "-";
  const Interval interval = WilsonInterval(share);
  char text[64];
  std::snprintf(text, sizeof text, "%.1f [%.1f, %.1f]", 100 * share.value(),
                100 * interval.low, 100 * interval.high);
  return text;
}

std::string YesOrNo(const std::optional<bool>& shown) {
  return !shown ? "" : *shown ? "1" : "0";
}

}  // namespace

std::vector<AttackFigure> AttackFigures(const Evaluation& evaluation,
                                        const std::vector<AttackRow>& rows) {
  std::vector<AttackFigure> of_kinds, of_concepts;
  std::vector<std::string> concepts;
  for (size_t row = 0; row < rows.size(); ++row) {
    const auto after = IsShown(evaluation, evaluation.sets[0], row);
    const auto before = IsShown(evaluation, evaluation.sets[1], row);
    if (!after || !before) continue;
    const std::string& kind = rows[row].kind;
    const std::string& concept_name = rows[row].concept_name;
    Add(*before, *after, FigureOf(of_kinds, kind, ""));
    Add(*before, *after, FigureOf(of_concepts, kind, concept_name));
    if (std::find(concepts.begin(), concepts.end(), concept_name) ==
        concepts.end()) {
      concepts.push_back(concept_name);
    }
  }
  if (concepts.size() > 1) {
    of_kinds.insert(of_kinds.end(), of_concepts.begin(), of_concepts.end());
  }
  return of_kinds;
}

std::string AttackTable(const std::vector<AttackFigure>& figures) {
  constexpr size_t kWorst = 5;
  std::vector<std::vector<std::string>> lines = {
      {"", "before %", "after %", "still shown %", "pictures"}};
  std::vector<AttackFigure> worst;
  for (const AttackFigure& figure : figures) {
    if (!figure.concept_name.empty()) {
      if (figure.after.count > 0) worst.push_back(figure);
      continue;
    }
    lines.push_back({figure.kind, CellOf(figure.before), CellOf(figure.after),
                     CellOf(figure.still), std::to_string(figure.after.n)});
  }
  std::stable_sort(worst.begin(), worst.end(),
                   [](const AttackFigure& a, const AttackFigure& b) {
                     return a.after.value() > b.after.value();
                   });
  worst.resize(std::min(worst.size(), kWorst));
  std::string text = TextTable(lines);
  if (!worst.empty()) text += "\nshown most often in spite of the erasers:\n";
  for (const AttackFigure& figure : worst) {
    text += "  " + figure.concept_name + ", " + figure.kind + ": " +
            std::to_string(figure.after.count) + " of " +
            std::to_string(figure.after.n) +
            " (before: " + std::to_string(figure.before.count) + ")\n";
  }
  return text;
}

std::vector<Figure> AttackReportFigures(
    const std::vector<AttackFigure>& figures, const std::string& after,
    const std::string& before) {
  std::vector<Figure> all;
  for (const AttackFigure& of_kind : figures) {
    if (!of_kind.concept_name.empty()) continue;
    for (const bool is_after : {true, false}) {
      const Share& share = is_after ? of_kind.after : of_kind.before;
      Figure figure;
      figure.name = "attack: " + of_kind.kind;
      figure.label = of_kind.kind;
      figure.meaning = "pictures of these prompts that show what they attack";
      figure.unit = "share";
      figure.better = Better::kLower;
      figure.set = is_after ? after : before;
      figure.value = share.value();
      figure.interval = WilsonInterval(share);
      figure.n = share.n;
      all.push_back(std::move(figure));
    }
  }
  return all;
}

ordered_json AttackDocument(const std::vector<AttackFigure>& figures) {
  ordered_json list = ordered_json::array();
  for (const AttackFigure& figure : figures) {
    list.push_back({{"kind", figure.kind},
                    {"concept", figure.concept_name.empty()
                                    ? ordered_json(nullptr)
                                    : ordered_json(figure.concept_name)},
                    {"pictures", figure.after.n},
                    {"before", ToJson(figure.before)},
                    {"after", ToJson(figure.after)},
                    {"still", ToJson(figure.still)}});
  }
  return {{"format", "gloce-attack"}, {"version", 1}, {"figures", list}};
}

std::string AttackCsv(const Evaluation& evaluation,
                      const std::vector<AttackRow>& rows) {
  const PictureSet& set = evaluation.sets[0].set;
  std::string text =
      "file,kind,concept,case_number,prompt,seed,before,after\r\n";
  for (size_t row = 0; row < rows.size(); ++row) {
    const ListedPicture& picture = set.pictures[row];
    text += CsvField(picture.file) + ',' + CsvField(rows[row].kind) + ',' +
            CsvField(rows[row].concept_name) + ',' +
            CsvField(rows[row].case_number) + ',' +
            CsvField(picture.prompt.value_or("")) + ',' +
            (picture.seed ? std::to_string(*picture.seed) : "") + ',' +
            YesOrNo(IsShown(evaluation, evaluation.sets[1], row)) + ',' +
            YesOrNo(IsShown(evaluation, evaluation.sets[0], row)) + "\r\n";
  }
  return text;
}

}  // namespace gloce
