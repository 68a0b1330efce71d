#include "eval/label_tallies.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace gloce {
namespace {

using nlohmann::ordered_json;

// A mean, or null of nothing.
class MeanOf {
 public:
  void Add(double value) {
    sum_ += value;
    ++number_;
  }
  void Add(const std::optional<double>& value) {
    if (value) Add(*value);
  }
  ordered_json ToJson() const {
    if (number_ == 0) return nullptr;
    return sum_ / static_cast<double>(number_);
  }

 private:
  double sum_ = 0;
  int64_t number_ = 0;
};

// Over the pictures of one folder that ask for one label.
struct LabelTally {
  int64_t n = 0, found = 0;
  MeanOf inside, outside, activity;

  void Add(const PictureFacts& facts, size_t label) {
    ++n;
    found += facts.IsFound(label);
    if (!facts.difference) return;
    inside.Add(facts.difference->changed_inside);
    outside.Add(facts.difference->changed_outside);
  }
  ordered_json ToJson() const {
    return {{"n", n},
            {"found", found},
            {"changed_inside", inside.ToJson()},
            {"changed_outside", outside.ToJson()},
            {"gate_activity", activity.ToJson()}};
  }
};

// The share of its gate that was open, 0 if it never opened.
double ActivityOf(const ListedPicture& picture, const std::string& name) {
  const auto share = picture.gate_activity.find(name);
  return share == picture.gate_activity.end() ? 0 : share->second;
}

LabelTally TallyOf(const Evaluation& evaluation, const EvaluatedSet& set,
                   size_t label, bool is_erased) {
  LabelTally tally;
  for (size_t row = 0; row < set.facts.size(); ++row) {
    if (!set.picture_of_row[row] || !set.facts[row].fault.empty()) continue;
    const AskedPicture& asked = evaluation.rows[row];
    const auto& labels = is_erased ? asked.erased : asked.kept;
    if (std::find(labels.begin(), labels.end(), label) == labels.end())
      continue;
    tally.Add(set.facts[row], label);
    const ListedPicture& picture = set.set.pictures[*set.picture_of_row[row]];
    if (is_erased && !picture.erased.empty())
      tally.activity.Add(ActivityOf(picture, evaluation.labels[label]));
  }
  return tally;
}

}  // namespace

ordered_json LabelTallies(const Evaluation& evaluation) {
  std::map<size_t, bool> asked_for;  // label → whether it was erased
  for (const AskedPicture& asked : evaluation.rows) {
    for (const size_t label : asked.erased) asked_for[label] = true;
    for (const size_t label : asked.kept) asked_for.emplace(label, false);
  }
  ordered_json concepts = ordered_json::array();
  for (const auto& [label, is_erased] : asked_for) {
    ordered_json sets = ordered_json::object();
    for (const EvaluatedSet& set : evaluation.sets) {
      if (set.role == "reference") continue;
      const LabelTally tally = TallyOf(evaluation, set, label, is_erased);
      if (tally.n > 0) sets[set.set.name] = tally.ToJson();
    }
    concepts.push_back({{"name", evaluation.labels[label]},
                        {"erased", is_erased},
                        {"sets", sets}});
  }
  return concepts;
}

}  // namespace gloce
