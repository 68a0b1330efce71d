#include "eval/figures.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "eval/erasure_scores.h"

namespace gloce {
namespace {

// Mean of `values`, of which each was drawn as often as `counts` says.
double WeightedMean(const std::vector<double>& values,
                    const DrawCounts& counts) {
  double sum = 0, number = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    sum += values[i] * static_cast<double>(counts[i]);
    number += static_cast<double>(counts[i]);
  }
  return sum / number;
}

double Mean(const std::vector<double>& values) {
  return WeightedMean(values, DrawCounts(values.size(), 1));
}

// One value a picture, by what it is a sample of.
struct Samples {
  std::vector<double> erased, kept, beside;
  std::vector<double> any;  // 1 if something erased is found, whatever is asked
  std::vector<double> changed_erased, changed_kept, inside, outside, distance;
  std::vector<double> clip;
};

double ShareFound(const std::vector<size_t>& labels,
                  const PictureFacts& facts) {
  double found = 0;
  for (const size_t label : labels) found += facts.IsFound(label);
  return found / static_cast<double>(labels.size());
}

double IsAnyFound(const std::vector<size_t>& labels,
                  const PictureFacts& facts) {
  const auto is_found = [&](size_t label) { return facts.IsFound(label); };
  return std::any_of(labels.begin(), labels.end(), is_found) ? 1 : 0;
}

void AddDifference(const PictureDifference& difference, bool shows_erased,
                   Samples& samples) {
  samples.distance.push_back(difference.mean);
  (shows_erased ? samples.changed_erased : samples.changed_kept)
      .push_back(difference.changed);
  if (difference.changed_inside)
    samples.inside.push_back(*difference.changed_inside);
  if (difference.changed_outside && difference.changed_inside)
    samples.outside.push_back(*difference.changed_outside);
}

Samples SamplesOf(const std::vector<JudgedPicture>& pictures) {
  Samples samples;
  for (const auto& [asked, facts] : pictures) {
    if (!facts->fault.empty()) continue;
    const bool shows_erased = !asked->erased.empty();
    if (asked->all_erased)
      samples.any.push_back(IsAnyFound(*asked->all_erased, *facts));
    if (shows_erased)
      samples.erased.push_back(ShareFound(asked->erased, *facts));
    if (!asked->kept.empty()) {
      (shows_erased ? samples.beside : samples.kept)
          .push_back(ShareFound(asked->kept, *facts));
    }
    if (facts->difference)
      AddDifference(*facts->difference, shows_erased, samples);
    if (facts->clip_score) samples.clip.push_back(*facts->clip_score);
  }
  return samples;
}

Figure Describe(std::string name, std::string label, std::string meaning,
                std::string unit, Better better) {
  Figure figure;
  figure.name = std::move(name);
  figure.label = std::move(label);
  figure.meaning = std::move(meaning);
  figure.unit = std::move(unit);
  figure.better = better;
  return figure;
}

// Collects the figures of one set.
class FigureList {
 public:
  explicit FigureList(const std::string& set) : set_(set) {}

  void AddMean(Figure figure, const std::vector<double>& values) {
    if (values.empty()) return;
    figure.value = Mean(values);
    figure.interval = BootstrapMean(values);
    figure.n = static_cast<int64_t>(values.size());
    Add(std::move(figure));
  }

  void AddHarmonicMean(Figure figure, const std::vector<double>& erased,
                       const std::vector<double>& kept) {
    if (erased.empty() || kept.empty()) return;
    figure.value = HarmonicMean(Mean(erased), Mean(kept));
    figure.interval =
        Bootstrap({static_cast<int64_t>(erased.size()),
                   static_cast<int64_t>(kept.size())},
                  [&](const std::vector<DrawCounts>& counts) {
                    return HarmonicMean(WeightedMean(erased, counts[0]),
                                        WeightedMean(kept, counts[1]));
                  });
    figure.n = static_cast<int64_t>(erased.size() + kept.size());
    Add(std::move(figure));
  }

  std::vector<Figure> Take() { return std::move(figures_); }

 private:
  void Add(Figure figure) {
    figure.set = set_;
    figures_.push_back(std::move(figure));
  }

  std::string set_;
  std::vector<Figure> figures_;
};

}  // namespace

std::vector<Figure> FiguresOf(const std::string& set,
                              const std::vector<JudgedPicture>& pictures) {
  const Samples samples = SamplesOf(pictures);
  FigureList list(set);
  list.AddMean(Describe("erased_accuracy", "Acc_e",
                        "what was erased and is asked for is still found",
                        "share", Better::kLower),
               samples.erased);
  list.AddMean(
      Describe("kept_accuracy", "Acc_s",
               "what is asked for is found, in pictures that ask for nothing "
               "erased",
               "share", Better::kHigher),
      samples.kept);
  list.AddHarmonicMean(
      Describe("harmonic_mean", "H", "harmonic mean of 1 - Acc_e and Acc_s",
               "share", Better::kHigher),
      samples.erased, samples.kept);
  list.AddMean(Describe("any_erased", "any",
                        "something that was erased is found, whatever is asked "
                        "for",
                        "share", Better::kLower),
               samples.any);
  list.AddMean(
      Describe("beside_accuracy", "beside",
               "what else is asked for beside something erased is found",
               "share", Better::kHigher),
      samples.beside);
  list.AddMean(Describe("changed_inside", "inside",
                        "pixels that changed where the erased thing stood",
                        "share", Better::kNeither),
               samples.inside);
  list.AddMean(Describe("changed_outside", "outside",
                        "pixels that changed elsewhere in these pictures",
                        "share", Better::kLower),
               samples.outside);
  list.AddMean(
      Describe("changed_erased", "changed, erased",
               "pixels that changed in pictures that ask for something erased",
               "share", Better::kNeither),
      samples.changed_erased);
  list.AddMean(
      Describe("changed_kept", "changed, kept",
               "pixels that changed in pictures that ask for nothing erased",
               "share", Better::kLower),
      samples.changed_kept);
  list.AddMean(
      Describe("mean_difference", "distance",
               "mean absolute difference of the pixels' values, in [0, 1]",
               "distance", Better::kNeither),
      samples.distance);
  list.AddMean(Describe("clip_score", "CLIP",
                        "100 times the cosine of picture and prompt", "score",
                        Better::kHigher),
               samples.clip);
  return list.Take();
}

}  // namespace gloce
