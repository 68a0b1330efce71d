#include "erasure/fit_keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "gloce/diffusion/pipeline.h"

namespace gloce {
namespace {

ConceptSettings Concept() {
  ConceptSettings settings;
  settings.name = "cat";
  settings.prompts = {"a picture of a cat"};
  settings.mapping = {"a picture of a gift"};
  settings.surrogate = {"a picture"};
  settings.anchors = {"a picture of a dog"};
  return settings;
}

// Another model, other files of the same model, another type to compute in. (A
// type of device is in the context as the dtype is.)
TEST(FitKeysTest, DependOnModelBundleAndType) {
  const std::vector<ConceptSettings> concepts = {Concept()};
  const FitPlan plan = PlanFit(concepts, 8);
  const GateSlots slots = PlanGateSlots(plan, concepts);
  std::set<std::string> sums, reduced, scores, lists;
  const auto add = [&](const std::string& bundle, at::ScalarType dtype) {
    const Pipeline pipeline(GLOCE_BUNDLES "/" + bundle,
                            {c10::Device(c10::kCPU), dtype});
    const FitKeys keys(pipeline, plan);
    sums.insert(keys.Sums(0).id());
    reduced.insert(keys.Reduced(0).id());
    scores.insert(keys.Scores(plan.num_first_batches, slots, {0, 1}).id());
    lists.insert(ListHash(pipeline, concepts, 8));
  };
  add("emoji", at::kFloat);
  add("emoji", at::kFloat);
  EXPECT_EQ(sums.size(), 1u);
  EXPECT_EQ(lists.size(), 1u);
  add("emoji", at::kBFloat16);
  add("bfloat16", at::kFloat);
  add("sd1", at::kFloat);
  for (const auto* keys : {&sums, &reduced, &scores, &lists})
    EXPECT_EQ(keys->size(), 4u);
}

}  // namespace
}  // namespace gloce
