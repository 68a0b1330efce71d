#include "eval/evaluation.h"

#include <utility>

#include "eval/asked_pictures.h"
#include "eval/feature_figures.h"
#include "eval/picture_pairs.h"
#include "eval/set_inspector.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

std::vector<std::optional<size_t>> EveryPicture(const PictureSet& set) {
  std::vector<std::optional<size_t>> places;
  for (size_t i = 0; i < set.pictures.size(); ++i) places.emplace_back(i);
  return places;
}

std::vector<EvaluatedSet> SetsOf(const EvaluationInput& input) {
  std::vector<EvaluatedSet> sets;
  const auto add = [&](const PictureSet& set, const std::string& role,
                       std::vector<std::optional<size_t>> places) {
    sets.push_back({set, role, std::move(places), {}});
  };
  const auto partners = [&](const PictureSet& set) {
    return PairPictures(input.judged, set, input.pair_by_file);
  };
  add(input.judged, "erased", EveryPicture(input.judged));
  if (input.before) add(*input.before, "before", partners(*input.before));
  for (const PictureSet& set : input.compared)
    add(set, "compared", partners(set));
  return sets;
}

void CheckPartners(const std::vector<EvaluatedSet>& sets) {
  for (const EvaluatedSet& set : sets) {
    bool has_one = false;
    for (const auto& picture : set.picture_of_row)
      has_one |= picture.has_value();
    if (!has_one) {
      throw Error(set.set.folder + ": has no picture of a prompt and seed of " +
                  sets[0].set.folder +
                  "; draw both from one table, or give tables with the prompts "
                  "and seeds (--table)");
    }
  }
}

std::vector<Figure> FiguresOfSet(const EvaluatedSet& set,
                                 const std::vector<AskedPicture>& rows) {
  std::vector<JudgedPicture> pictures;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (set.picture_of_row[row])
      pictures.push_back({&rows[row], &set.facts[row]});
  }
  return FiguresOf(set.set.name, pictures);
}

void Append(std::vector<Figure> figures, std::vector<Figure>& all) {
  for (Figure& figure : figures) all.push_back(std::move(figure));
}

// Who asks what, before any picture is looked at.
Evaluation Begin(const EvaluationInput& input, const Evaluators& evaluators) {
  Evaluation evaluation;
  evaluation.sets = SetsOf(input);
  CheckPartners(evaluation.sets);
  if (evaluators.detector) {
    AskedPictures asked =
        FindAsked(input.judged, *evaluators.detector, input.erased);
    evaluation.labels = evaluators.detector->labels();
    evaluation.rows = std::move(asked.rows);
    evaluation.erased = std::move(asked.erased);
    evaluation.without_label = std::move(asked.without_label);
  } else {
    evaluation.rows.resize(input.judged.pictures.size());
    evaluation.erased =
        input.erased.empty() ? input.judged.ErasedConcepts() : input.erased;
  }
  return evaluation;
}

// FID and KID of each set from `reference`, whose place among the sets is
// `place`.
void AppendFeatureFigures(const std::vector<FeatureSamples>& samples,
                          size_t place, Evaluation& evaluation) {
  for (size_t i = 0; i < samples.size(); ++i) {
    if (i == place) continue;
    Append(FeatureFigures(evaluation.sets[i].set.name, samples[i],
                          evaluation.sets[place].set.name, samples[place]),
           evaluation.figures);
  }
}

}  // namespace

Evaluation Evaluate(const EvaluationInput& input, Evaluators& evaluators,
                    const EvaluationSettings& settings) {
  Evaluation evaluation = Begin(input, evaluators);
  const size_t num_judged = evaluation.sets.size();
  BeforeSet before;
  std::optional<size_t> reference;  // of FID and KID
  if (input.before) {
    reference = 1;
    before = {&*input.before, evaluation.sets[1].picture_of_row};
  }
  if (input.reference) {
    reference = num_judged;
    evaluation.sets.push_back(
        {*input.reference, "reference", EveryPicture(*input.reference), {}});
  }
  size_t done = 0, total = 0;
  for (const EvaluatedSet& set : evaluation.sets)
    total += set.picture_of_row.size();
  const auto step = [&](size_t pictures) {
    done += pictures;
    if (settings.progress) settings.progress(done, total);
  };

  SetInspector inspector(evaluation.rows, input.judged, before, evaluators,
                         settings);
  const bool needs_features = evaluators.features && reference;
  std::vector<FeatureSamples> samples(evaluation.sets.size());
  for (size_t i = 0; i < evaluation.sets.size(); ++i) {
    EvaluatedSet& set = evaluation.sets[i];
    Inspection inspection;
    inspection.set = &set;
    inspection.judges = set.role != "reference";
    inspection.compares =
        input.before.has_value() && inspection.judges && set.role != "before";
    inspection.features = needs_features ? &samples[i] : nullptr;
    // What was erased is meant to differ from the model's own pictures.
    inspection.features_of_kept_only = !input.reference;
    inspector.Inspect(inspection, step);
    if (inspection.judges)
      Append(FiguresOfSet(set, evaluation.rows), evaluation.figures);
  }
  if (needs_features) AppendFeatureFigures(samples, *reference, evaluation);
  return evaluation;
}

}  // namespace gloce
