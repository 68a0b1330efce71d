// Looks at the pictures of folders, one folder after another.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "eval/evaluation.h"
#include "eval/picture_features.h"

namespace gloce {

// The pictures that others are compared with.
struct BeforeSet {
  const PictureSet* set = nullptr;  // null if there are none
  std::vector<std::optional<size_t>> picture_of_row;
};

// What to look at in a folder.
struct Inspection {
  EvaluatedSet* set = nullptr;         // its facts are filled in, one a row
  bool judges = true;                  // by detector and CLIP
  bool compares = false;               // with the pictures before
  FeatureSamples* features = nullptr;  // null: not needed
  bool features_of_kept_only = false;  // of rows that ask for nothing erased
};

class SetInspector {
 public:
  // All must outlive this. `rows` has one entry a picture of `judged`.
  SetInspector(const std::vector<AskedPicture>& rows, const PictureSet& judged,
               const BeforeSet& before, Evaluators& evaluators,
               const EvaluationSettings& settings);

  // `step` is called with the number of pictures after each batch.
  void Inspect(const Inspection& inspection,
               const std::function<void(size_t)>& step);

 private:
  struct Batch;
  void Judge(Batch& batch);
  void CompareWithBefore(const Batch& batch);
  // Where what is erased from the row stood before, found once; null if nothing
  // tells.
  const Region* RegionOf(size_t row, const RgbPicture& before);
  std::optional<Region> FindRegion(size_t row, const RgbPicture& before);

  const std::vector<AskedPicture>& rows_;
  const PictureSet& judged_;
  const BeforeSet& before_;
  Evaluators& evaluators_;
  const EvaluationSettings& settings_;
  std::vector<bool> has_looked_;  // for the region of a row
  std::vector<std::optional<Region>> regions_;
};

}  // namespace gloce
