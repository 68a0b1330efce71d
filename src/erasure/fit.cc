#include "gloce/erasure/fit.h"

#include <ATen/ATen.h>

#include "bundle/manifest.h"
#include "erasure/concept_choice.h"
#include "erasure/fit_cost.h"
#include "erasure/fit_keys.h"
#include "erasure/fit_plan.h"
#include "erasure/gate_score_collector.h"
#include "erasure/hooked_denoiser.h"
#include "erasure/layer_fit.h"
#include "erasure/moment_phase.h"
#include "erasure/part_store.h"
#include "erasure/pass_runner.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

at::Tensor AsRow(const at::Tensor& value) {
  return value.to(at::kFloat).unsqueeze(0);
}

// One concept's erasers; gate thresholds are filled in after the second phase.
Erasers ToErasers(const ConceptSettings& settings, const ReducedSet& surrogate,
                  const ReducedSet& mapping, const ReducedSet& target,
                  const BundleManifest& manifest, int64_t num_train_timesteps) {
  Erasers erasers;
  erasers.model_identity = manifest.model_identity;
  erasers.concepts.push_back(
      {settings,
       GateStartTimestep(num_train_timesteps, settings.gate_start,
                         settings.statistics.num_inference_steps),
       GLOCE_VERSION});
  for (size_t l = 0; l < manifest.hooks.size(); ++l) {
    erasers.layers.push_back(
        {manifest.hooks[l].path, manifest.hooks[l].width,
         AsRow(mapping.vectors[l]),
         AsRow(MapDown(mapping.vectors[l], target.vectors[l])),
         AsRow(mapping.mean[l]), AsRow(target.mean[l]),
         AsRow(target.gate_basis[l]), AsRow(surrogate.mean[l]), at::zeros({1}),
         at::zeros({1})});
  }
  return erasers;
}

// First phase.
Erasers FitBases(const MomentPlan& plan, const FitKeys& keys, PartStore& parts,
                 const std::vector<ConceptSettings>& concepts,
                 const ConceptRange& range, PassRunner& runner,
                 const Pipeline& pipeline) {
  const BundleManifest& manifest = pipeline.bundle().manifest();
  MomentPhase phase(plan, keys, parts, HookWidths(manifest),
                    ReductionsOf(plan, range));
  runner.Run("statistics", plan, phase.Batches(), phase.collector(),
             [&](size_t batch) { phase.EndBatch(batch); });
  const int64_t num_train_timesteps =
      pipeline.MakeScheduler(concepts[0].statistics.scheduler)
          ->num_train_timesteps();
  std::vector<Erasers> erasers;
  for (size_t i = range.begin; i < range.end; ++i) {
    const MomentPlan::OfConcept& of = plan.concepts[i];
    erasers.push_back(ToErasers(
        concepts[i], phase.Result(of.surrogate), phase.Result(of.mapping),
        phase.Result(of.target), manifest, num_train_timesteps));
  }
  return MergeErasers(erasers);
}

// Second phase: the anchors' scores set the thresholds of `erasers`.
void FitThresholds(const MomentPlan& moment_plan, const PassPlan& plan,
                   const FitKeys& keys, PartStore& parts,
                   const std::vector<ConceptSettings>& concepts,
                   const ConceptRange& range, PassRunner& runner,
                   const Pipeline& pipeline, Erasers& erasers) {
  const GateSlots slots = PlanGateSlots(moment_plan, concepts);
  GateScoreCollector collector(
      plan, slots, range, erasers.layers.size(),
      [&](size_t concept_index, size_t l) {
        const auto row = static_cast<int64_t>(concept_index - range.begin);
        const LayerErasers& layer = erasers.layers[l];
        return GateScoreCollector::Gate{
            layer.gate_basis[row].narrow(1, 0,
                                         concepts[concept_index].rank_gate),
            layer.surrogate_mean[row]};
      },
      pipeline.placement().device);
  const auto key_of = [&](size_t batch) {
    return keys.Scores(plan, batch, slots, range);
  };
  const std::vector<size_t> all =
      BatchesOf(plan, PromptsOfConcepts(plan, range));
  std::vector<size_t> left;
  for (const size_t batch : all) {
    if (!parts.Has(key_of(batch))) left.push_back(batch);
  }
  runner.Run("gates", plan, left, collector, [&](size_t batch) {
    parts.Write(key_of(batch), collector.TakeRun(batch));
  });
  for (const size_t batch : all)
    collector.AddScores(batch, parts.Read(key_of(batch)));
  for (size_t l = 0; l < erasers.layers.size(); ++l) {
    for (size_t i = range.begin; i < range.end; ++i) {
      const GateThreshold threshold =
          ThresholdFromScores(collector.Scores(i, l), concepts[i].tau);
      const auto row = static_cast<int64_t>(i - range.begin);
      erasers.layers[l].gate_center[row].fill_(threshold.center);
      erasers.layers[l].gate_slope[row].fill_(threshold.slope);
    }
  }
}

}  // namespace

std::vector<ConceptSettings> ResolveConcepts(
    Pipeline& pipeline, const std::vector<ConceptRequest>& requests,
    std::vector<ConceptChoice>* choices,
    const std::function<bool()>& interrupted) {
  return ChooseConcepts(
      requests,
      [&](const std::vector<std::string>& prompts) {
        if (interrupted && interrupted()) throw Interrupted();
        return pipeline.EncodePrompts(prompts);
      },
      choices);
}

Erasers FitErasers(Pipeline& pipeline,
                   const std::vector<ConceptSettings>& concepts,
                   const FitOptions& options) {
  if (concepts.empty()) throw UsageError("no concept to erase");
  const BundleManifest& manifest = pipeline.bundle().manifest();
  const CallsOfARun calls_of_a_run = CallsOfRuns(pipeline);
  CheckFit(manifest, concepts, calls_of_a_run);
  const ConceptRange range =
      ConceptsOfShard(concepts.size(), options.shard, options.num_shards);
  const MomentPlan moment_plan = PlanMoments(concepts, options.batch_size);
  const FitKeys keys(pipeline, moment_plan);
  PartStore parts(options.parts_folder);
  HookedDenoiser denoiser(pipeline.bundle(), pipeline.placement());
  PassRunner runner(pipeline, denoiser, calls_of_a_run, options);

  Erasers erasers =
      FitBases(moment_plan, keys, parts, concepts, range, runner, pipeline);
  FitThresholds(moment_plan, PlanGateScores(concepts, options.batch_size), keys,
                parts, concepts, range, runner, pipeline, erasers);
  if (options.num_shards > 1) {
    erasers.shard = {options.shard, options.num_shards,
                     ListHash(pipeline, concepts, options.batch_size)};
  }
  return erasers;
}

void RemoveParts(const std::string& parts_folder) {
  PartStore(parts_folder).Clear();
}

}  // namespace gloce
