#include "eval/ranked_rows.h"

#include <algorithm>
#include <utility>

namespace gloce {
namespace {

float ConfidenceOf(const PictureFacts& facts, size_t label) {
  for (const SeenLabel& seen : facts.labels) {
    if (seen.label == label) return seen.confidence;
  }
  return 0;
}

std::vector<size_t> ErasedFrom(const AskedPicture& asked) {
  return asked.all_erased ? *asked.all_erased : std::vector<size_t>();
}

bool Contains(const std::vector<size_t>& labels, size_t label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

const EvaluatedSet* BeforeOf(const Evaluation& evaluation) {
  for (const EvaluatedSet& set : evaluation.sets) {
    if (set.role == "before") return &set;
  }
  return nullptr;
}

// Nobody is to blame for the loss of what the model did not draw.
bool WasThere(const EvaluatedSet* before, size_t row, size_t label) {
  return before == nullptr || !before->picture_of_row[row] ||
         before->facts[row].IsFound(label);
}

RankedRow Rank(const Evaluation& evaluation, const EvaluatedSet* before,
               size_t row) {
  const AskedPicture& asked = evaluation.rows[row];
  const PictureFacts& facts = evaluation.sets[0].facts[row];
  RankedRow ranked;
  ranked.row = row;
  if (!facts.fault.empty()) {
    ranked.badness = 1;
    ranked.failures.emplace_back("the picture cannot be read");
    return ranked;
  }
  const auto fail = [&](std::string text, double how_sure) {
    ranked.failures.push_back(std::move(text));
    ranked.badness = std::max(ranked.badness, 0.5 + 0.5 * how_sure);
  };
  for (const size_t label : asked.erased) {
    if (facts.IsFound(label)) {
      fail(evaluation.labels[label] + " is still there",
           ConfidenceOf(facts, label));
    }
  }
  for (const size_t label : ErasedFrom(asked)) {
    if (!Contains(asked.erased, label) && facts.IsFound(label)) {
      fail(evaluation.labels[label] + " is there, which was erased",
           ConfidenceOf(facts, label));
    }
  }
  for (const size_t label : asked.kept) {
    if (!facts.IsFound(label) && WasThere(before, row, label)) {
      fail(evaluation.labels[label] + " is gone",
           1 - ConfidenceOf(facts, label));
    }
  }
  if (ranked.failures.empty() && facts.difference) {
    const PictureDifference& difference = *facts.difference;
    if (asked.erased.empty())
      ranked.badness = difference.changed / 2;
    else
      ranked.badness = difference.changed_outside.value_or(0) / 2;
  }
  return ranked;
}

}  // namespace

std::vector<RankedRow> RankRows(const Evaluation& evaluation) {
  const EvaluatedSet* const before = BeforeOf(evaluation);
  std::vector<RankedRow> ranked;
  for (size_t row = 0; row < evaluation.rows.size(); ++row)
    ranked.push_back(Rank(evaluation, before, row));
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const RankedRow& a, const RankedRow& b) {
                     return a.badness > b.badness;
                   });
  return ranked;
}

std::vector<RankedRow> ChooseRows(const std::vector<RankedRow>& ranked,
                                  size_t number) {
  if (ranked.size() <= number) return ranked;
  const size_t worst = number * 3 / 4;
  std::vector<RankedRow> chosen(ranked.begin(),
                                ranked.begin() + static_cast<ptrdiff_t>(worst));
  const size_t rest = ranked.size() - worst, wanted = number - worst;
  for (size_t i = 0; i < wanted; ++i)
    chosen.push_back(ranked[worst + i * rest / wanted]);
  return chosen;
}

}  // namespace gloce
