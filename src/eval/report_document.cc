#include "eval/report_document.h"

#include <cmath>
#include <utility>

#include "eval/gate_profiles.h"
#include "eval/gate_views.h"
#include "eval/label_tallies.h"
#include "eval/thumbnail.h"

namespace gloce {
namespace {

using nlohmann::ordered_json;

ordered_json NumberOrNull(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

ordered_json NumberOrNull(const std::optional<double>& value) {
  return value ? NumberOrNull(*value) : ordered_json(nullptr);
}

ordered_json TextOrNull(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

const char* NameOf(Better better) {
  switch (better) {
    case Better::kLower:
      return "lower";
    case Better::kHigher:
      return "higher";
    case Better::kNeither:
      break;
  }
  return "neither";
}

ordered_json ToJson(const Figure& figure) {
  ordered_json low = nullptr, high = nullptr;
  if (figure.interval) {
    low = NumberOrNull(figure.interval->low);
    high = NumberOrNull(figure.interval->high);
  }
  return {{"name", figure.name},
          {"label", figure.label},
          {"meaning", figure.meaning},
          {"better", NameOf(figure.better)},
          {"unit", figure.unit},
          {"set", figure.set},
          {"value", NumberOrNull(figure.value)},
          {"low", low},
          {"high", high},
          {"n", figure.n}};
}

ordered_json ToJson(const EvaluatedSet& evaluated) {
  const PictureSet& set = evaluated.set;
  ordered_json broken = ordered_json::array();
  size_t pictures = 0;
  for (size_t row = 0; row < evaluated.facts.size(); ++row) {
    if (!evaluated.picture_of_row[row]) continue;
    ++pictures;
    if (evaluated.facts[row].fault.empty()) continue;
    broken.push_back(
        {{"file", set.pictures[*evaluated.picture_of_row[row]].file},
         {"message", evaluated.facts[row].fault}});
  }
  return {{"name", set.name},
          {"role", evaluated.role},
          {"folder", set.folder},
          {"pictures", pictures},
          {"broken", broken},
          {"model", TextOrNull(set.model)},
          {"erasers", TextOrNull(set.erasers)},
          {"strength", set.strength},
          {"concepts", set.ErasedConcepts()}};
}

std::string TitleOf(const Evaluation& evaluation) {
  std::string title = evaluation.erased.empty() ? "Nothing erased" : "";
  constexpr size_t kNamed = 3;
  for (size_t i = 0; i < evaluation.erased.size() && i < kNamed; ++i)
    title += (i > 0 ? ", " : "") + evaluation.erased[i];
  if (evaluation.erased.size() > kNamed) {
    title +=
        " and " + std::to_string(evaluation.erased.size() - kNamed) + " more";
  }
  if (!evaluation.erased.empty()) title += " erased";
  const std::string& model = evaluation.sets[0].set.model;
  return model.empty() ? title : title + " from " + model;
}

// The gates that opened in a picture; empty without gate maps.
ordered_json GatesJson(const EvaluatedSet& set, size_t row) {
  ordered_json gates = ordered_json::array();
  const std::optional<GateMaps> maps =
      ReadGateMapsOf(set.set, set.set.pictures[*set.picture_of_row[row]]);
  if (!maps) return gates;
  for (const GateView& view : ViewsOf(*maps)) {
    std::string bytes;
    for (const double share : view.map)
      bytes += static_cast<char>(std::lround(255 * share));
    gates.push_back({{"concept", view.concept_name},
                     {"share", view.share},
                     {"map",
                      {{"width", view.width},
                       {"height", view.height},
                       {"values", Base64(bytes)}}},
                     {"layers", view.by_layer},
                     {"steps", view.by_step}});
  }
  return gates;
}

// The best of some qualities that takes no more than `bytes`, or the least.
std::string JpegWithin(const RgbPicture& picture, size_t bytes) {
  std::string jpeg;
  for (const int quality : {90, 80, 70, 55, 40}) {
    jpeg = EncodeJpeg(picture, quality);
    if (jpeg.size() <= bytes) break;
  }
  return jpeg;
}

ordered_json PictureJson(const Evaluation& evaluation, const EvaluatedSet& set,
                         size_t row, const ReportSettings& settings) {
  const PictureFacts& facts = set.facts[row];
  const std::string& file = set.set.pictures[*set.picture_of_row[row]].file;
  const RgbPicture picture = ReadPicture(set.set.folder + "/" + file);
  ordered_json found = ordered_json::array();
  for (const SeenLabel& seen : facts.labels) {
    if (seen.is_found) {
      found.push_back({{"label", evaluation.labels[seen.label]},
                       {"score", seen.confidence}});
    }
  }
  ordered_json json = {
      {"set", set.set.name},
      {"file", file},
      {"src", DataUri("image/jpeg", JpegWithin(Shrink(picture, settings.side),
                                               settings.bytes))},
      {"width", picture.width},
      {"height", picture.height},
      {"found", found}};
  if (facts.difference) {
    json["changed"] = facts.difference->changed;
    json["changed_inside"] = NumberOrNull(facts.difference->changed_inside);
    json["changed_outside"] = NumberOrNull(facts.difference->changed_outside);
  }
  if (ordered_json gates = GatesJson(set, row); !gates.empty())
    json["gates"] = std::move(gates);
  return json;
}

ordered_json RowJson(const Evaluation& evaluation, const RankedRow& ranked,
                     const ReportSettings& settings) {
  const AskedPicture& asked = evaluation.rows[ranked.row];
  const ListedPicture& picture = evaluation.sets[0].set.pictures[ranked.row];
  const auto names = [&](const std::vector<size_t>& labels) {
    ordered_json list = ordered_json::array();
    for (const size_t label : labels) list.push_back(evaluation.labels[label]);
    return list;
  };
  ordered_json all_asked = names(asked.erased);
  for (const auto& name : names(asked.kept)) all_asked.push_back(name);
  ordered_json pictures = ordered_json::array();
  for (const EvaluatedSet& set : evaluation.sets) {
    if (set.role == "reference" || !set.picture_of_row[ranked.row] ||
        !set.facts[ranked.row].fault.empty()) {
      continue;
    }
    pictures.push_back(PictureJson(evaluation, set, ranked.row, settings));
  }
  return {{"id", ranked.row},
          {"prompt", picture.prompt.value_or(picture.file)},
          {"seed", picture.seed ? ordered_json(*picture.seed) : nullptr},
          {"asked", all_asked},
          {"erased", names(asked.erased)},
          {"kind", asked.erased.empty() ? "kept" : "erased"},
          {"failures", ranked.failures},
          {"badness", ranked.badness},
          {"pictures", pictures}};
}

}  // namespace

ordered_json FiguresDocument(const Evaluation& evaluation) {
  ordered_json sets = ordered_json::array();
  for (const EvaluatedSet& set : evaluation.sets) sets.push_back(ToJson(set));
  ordered_json figures = ordered_json::array();
  for (const Figure& figure : evaluation.figures)
    figures.push_back(ToJson(figure));
  return {{"format", "gloce-report"},
          {"version", 1},
          {"title", TitleOf(evaluation)},
          {"versions", {{"gloce", GLOCE_VERSION}}},
          {"sets", sets},
          {"erased", evaluation.erased},
          {"without_label", evaluation.without_label},
          {"figures", figures},
          {"concepts", LabelTallies(evaluation)}};
}

ordered_json ReportDocument(ordered_json figures, const Evaluation& evaluation,
                            const std::vector<RankedRow>& rows,
                            const ReportSettings& settings) {
  ordered_json document = std::move(figures);
  ordered_json shown = ordered_json::array();
  for (const RankedRow& row : rows)
    shown.push_back(RowJson(evaluation, row, settings));
  document["rows"] = std::move(shown);
  document["rows_left_out"] = evaluation.rows.size() - rows.size();
  GateProfiles gates = ProfileGates(evaluation);
  document["gate_axes"] = std::move(gates.axes);
  document["gate_profile"] = std::move(gates.profile);
  return document;
}

}  // namespace gloce
