#include "eval/set_inspector.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "eval/detected_region.h"
#include "eval/gate_views.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

std::string PathOf(const PictureSet& set, size_t picture) {
  return set.folder + "/" + set.pictures[picture].file;
}

// The labels worth keeping: found ones, and those that were asked for.
std::vector<SeenLabel> LabelsOf(const Detection& detection,
                                const AskedPicture& asked) {
  const auto is_in = [](const std::vector<size_t>& labels, size_t label) {
    return std::find(labels.begin(), labels.end(), label) != labels.end();
  };
  std::vector<SeenLabel> seen;
  for (size_t label = 0; label < detection.found.size(); ++label) {
    if (detection.found[label] || is_in(asked.erased, label) ||
        is_in(asked.kept, label)) {
      seen.push_back(
          {label, detection.confidence[label], detection.found[label]});
    }
  }
  return seen;
}

// Places that are inside of either.
Region Union(Region a, const Region& b) {
  for (size_t i = 0; i < a.inside.size(); ++i)
    a.inside[i] = a.inside[i] || b.inside[i];
  return a;
}

}  // namespace

// Rows whose pictures were read.
struct SetInspector::Batch {
  std::vector<size_t> rows;
  std::vector<RgbPicture> pictures;
  std::vector<PictureFacts*> facts;
};

SetInspector::SetInspector(const std::vector<AskedPicture>& rows,
                           const PictureSet& judged, const BeforeSet& before,
                           Evaluators& evaluators,
                           const EvaluationSettings& settings)
    : rows_(rows),
      judged_(judged),
      before_(before),
      evaluators_(evaluators),
      settings_(settings),
      has_looked_(rows.size()),
      regions_(rows.size()) {}

void SetInspector::Inspect(const Inspection& inspection,
                           const std::function<void(size_t)>& step) {
  EvaluatedSet& set = *inspection.set;
  const size_t num_rows = set.picture_of_row.size();
  set.facts.resize(num_rows);
  for (size_t begin = 0; begin < num_rows; begin += settings_.batch_size) {
    if (settings_.interrupted && settings_.interrupted())
      throw Interrupted("stopped between two batches of pictures");
    const size_t end = std::min(begin + settings_.batch_size, num_rows);
    Batch batch;
    for (size_t row = begin; row < end; ++row) {
      if (!set.picture_of_row[row]) continue;
      try {
        batch.pictures.push_back(
            ReadPicture(PathOf(set.set, *set.picture_of_row[row])));
      } catch (const Error& error) {
        set.facts[row].fault = error.what();
        continue;
      }
      batch.rows.push_back(row);
      batch.facts.push_back(&set.facts[row]);
    }
    if (inspection.judges) Judge(batch);
    if (inspection.compares) CompareWithBefore(batch);
    if (inspection.features != nullptr) {
      std::vector<RgbPicture> wanted;
      for (size_t i = 0; i < batch.rows.size(); ++i) {
        if (!inspection.features_of_kept_only ||
            rows_[batch.rows[i]].erased.empty())
          wanted.push_back(std::move(batch.pictures[i]));
      }
      if (!wanted.empty())
        inspection.features->Add(evaluators_.features->Run(wanted));
    }
    step(end - begin);
  }
}

void SetInspector::Judge(Batch& batch) {
  if (batch.pictures.empty()) return;
  if (evaluators_.detector) {
    const auto detections = evaluators_.detector->Detect(batch.pictures);
    for (size_t i = 0; i < batch.rows.size(); ++i)
      batch.facts[i]->labels = LabelsOf(detections[i], rows_[batch.rows[i]]);
  }
  if (evaluators_.clip) {
    std::vector<std::string> prompts;
    for (const size_t row : batch.rows)
      prompts.push_back(judged_.pictures[row].prompt.value_or(""));
    const auto scores = evaluators_.clip->Score(batch.pictures, prompts);
    for (size_t i = 0; i < batch.rows.size(); ++i)
      batch.facts[i]->clip_score = scores[i];
  }
}

void SetInspector::CompareWithBefore(const Batch& batch) {
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    const size_t row = batch.rows[i];
    const auto partner = before_.picture_of_row[row];
    if (!partner) continue;
    RgbPicture before;
    try {
      before = ReadPicture(PathOf(*before_.set, *partner));
    } catch (const Error&) {
      continue;  // listed among the faults of its own folder
    }
    if (before.width != batch.pictures[i].width ||
        before.height != batch.pictures[i].height) {
      continue;  // another size is another picture
    }
    batch.facts[i]->difference =
        Compare(before, batch.pictures[i], RegionOf(row, before));
  }
}

const Region* SetInspector::RegionOf(size_t row, const RgbPicture& before) {
  if (!has_looked_[row]) {
    has_looked_[row] = true;
    regions_[row] = FindRegion(row, before);
  }
  return regions_[row] ? &*regions_[row] : nullptr;
}

std::optional<Region> SetInspector::FindRegion(size_t row,
                                               const RgbPicture& before) {
  using RegionSource = EvaluationSettings::RegionSource;
  std::optional<Region> all;
  if (settings_.region == RegionSource::kDetector && evaluators_.detector) {
    for (const size_t label : rows_[row].erased) {
      auto region = DetectedRegion(*evaluators_.detector, before, label);
      if (region && all) region = Union(*std::move(region), *all);
      if (region) all = std::move(region);
    }
  }
  if (settings_.region == RegionSource::kGates && !rows_[row].erased.empty()) {
    const ListedPicture& picture = judged_.pictures[row];
    if (const auto maps = ReadGateMapsOf(judged_, picture))
      all = OpenedRegion(ViewsOf(*maps), picture.erased);
  }
  return all;
}

}  // namespace gloce
