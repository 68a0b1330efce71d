#include "eval/feature_figures.h"

#include "eval/frechet_distance.h"
#include "eval/kernel_distance.h"

namespace gloce {
namespace {

// As clean-fid has them.
constexpr int64_t kSubsets = 100;
constexpr int64_t kSubsetSize = 1000;
constexpr uint64_t kSeed = 0;

}  // namespace

std::vector<Figure> FeatureFigures(const std::string& set,
                                   const FeatureSamples& samples,
                                   const std::string& reference_name,
                                   const FeatureSamples& reference) {
  if (samples.count() < 2 || reference.count() < 2) return {};
  Figure fid;
  fid.name = "fid";
  fid.label = "FID";
  fid.meaning = "Fréchet distance of the features from those of " +
                reference_name + "; compare equal numbers of pictures only";
  fid.unit = "distance";
  fid.better = Better::kLower;
  fid.set = set;
  fid.n = samples.count();
  Figure kid = fid;
  fid.value = FrechetDistance(samples.statistics(), reference.statistics());
  kid.name = "kid";
  kid.label = "KID";
  kid.meaning = "kernel distance of the features from those of " +
                reference_name + ", mean over subsets";
  const at::Tensor a = samples.Rows(), b = reference.Rows();
  kid.value = KernelDistance(
      a, b, RandomSubsets(a.size(0), b.size(0), kSubsets, kSubsetSize, kSeed));
  return {fid, kid};
}

}  // namespace gloce
