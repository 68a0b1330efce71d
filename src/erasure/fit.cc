#include "gloce/erasure/fit.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <set>

#include "bundle/manifest.h"
#include "erasure/concept_choice.h"
#include "erasure/fit_cost.h"
#include "erasure/fit_keys.h"
#include "erasure/fit_plan.h"
#include "erasure/gate_score_collector.h"
#include "erasure/hooked_denoiser.h"
#include "erasure/kept_activations.h"
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

// One concept's erasers; gate thresholds are filled in later.
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
    LayerFacts facts;
    facts.target_score = target.gate_score[l];
    facts.explained_map = mapping.explained[l];
    facts.explained_target = target.explained[l];
    erasers.concepts[0].facts.push_back(facts);
  }
  return erasers;
}

// Both phases for the concepts of `range`.
class Fit {
 public:
  // All must outlive this.
  Fit(Pipeline& pipeline, const std::vector<ConceptSettings>& concepts,
      const ConceptRange& range, const FitPlan& plan, const FitOptions& options)
      : pipeline_(pipeline),
        concepts_(concepts),
        range_(range),
        plan_(plan),
        options_(options),
        slots_(PlanGateSlots(plan, concepts)),
        calls_of_a_run_(CallsOfRuns(pipeline)),
        keys_(pipeline, plan),
        parts_(options.parts_folder),
        moments_(plan, keys_, parts_, HookWidths(pipeline.bundle().manifest()),
                 ReductionsOf(plan, range)),
        scored_(BatchesOf(plan, AnchorsOf(plan, range))),
        denoiser_(pipeline.bundle(), pipeline.placement()),
        runner_(pipeline, denoiser_, plan, calls_of_a_run_, options) {}

  Erasers Run() {
    const std::set<size_t> to_score = BatchesToScore();
    KeptActivations kept(plan_, to_score, options_.kept_bytes);
    RunTargets(kept);
    GateScoreCollector scores(
        plan_, slots_, range_, to_score,
        pipeline_.bundle().manifest().hooks.size(),
        [&](size_t i) { return GatesOf(i); }, pipeline_.placement().device);
    ScoreKept(kept.TakeAll(), scores);
    RunAnchors(scores);
    Erasers erasers = Join();
    SetThresholds(scores, erasers);
    return erasers;
  }

 private:
  // First phase.
  void RunTargets(KeptActivations& kept) {
    std::vector<size_t> batches = moments_.Batches();
    std::erase_if(batches,
                  [&](size_t b) { return b >= plan_.num_first_batches; });
    runner_.Run("targets", batches, {&moments_.collector(), &kept},
                [&](size_t batch) { moments_.EndBatch(batch); });
  }

  void ScoreKept(const std::map<size_t, KeptActivations::Activations>& kept,
                 GateScoreCollector& scores) {
    for (const auto& [batch, activations] : kept) {
      scores.BeginBatch(batch);
      for (const auto& [layer, x] : activations) scores.Score(x, layer);
      parts_.Write(ScoresKey(batch), scores.TakeScores());
    }
  }

  // Second phase.
  void RunAnchors(GateScoreCollector& scores) {
    const std::set<size_t> to_score = BatchesToScore();
    std::set<size_t> batches = to_score;
    for (const size_t batch : moments_.Batches()) batches.insert(batch);
    runner_.Run("anchors", {batches.begin(), batches.end()},
                {&moments_.collector(), &scores}, [&](size_t batch) {
                  moments_.EndBatch(batch);
                  if (to_score.contains(batch))
                    parts_.Write(ScoresKey(batch), scores.TakeScores());
                });
    for (const size_t batch : scored_)
      scores.AddScores(batch, parts_.Read(ScoresKey(batch)));
  }

  PartKey ScoresKey(size_t batch) const {
    return keys_.Scores(batch, slots_, range_);
  }

  // Those whose scores are not there yet.
  std::set<size_t> BatchesToScore() const {
    std::set<size_t> batches;
    for (const size_t batch : scored_) {
      if (!parts_.Has(ScoresKey(batch))) batches.insert(batch);
    }
    return batches;
  }

  // REQUIRES: the first phase has run.
  std::vector<GateScoreCollector::Gate> GatesOf(size_t concept_index) const {
    const FitPlan::OfConcept& of = plan_.concepts[concept_index];
    const ReducedSet target = moments_.Result(of.target);
    const ReducedSet surrogate = moments_.Result(of.surrogate);
    std::vector<GateScoreCollector::Gate> gates;
    for (size_t l = 0; l < target.gate_basis.size(); ++l) {
      gates.push_back({target.gate_basis[l].to(at::kFloat),
                       surrogate.mean[l].to(at::kFloat)});
    }
    return gates;
  }

  // Erasers of all concepts of the range, without thresholds.
  Erasers Join() const {
    const int64_t num_train_timesteps =
        pipeline_.MakeScheduler(concepts_[0].statistics.scheduler)
            ->num_train_timesteps();
    std::vector<Erasers> erasers;
    for (size_t i = range_.begin; i < range_.end; ++i) {
      const FitPlan::OfConcept& of = plan_.concepts[i];
      erasers.push_back(
          ToErasers(concepts_[i], moments_.Result(of.surrogate),
                    moments_.Result(of.mapping), moments_.Result(of.target),
                    pipeline_.bundle().manifest(), num_train_timesteps));
    }
    return MergeErasers(erasers);
  }

  void SetThresholds(const GateScoreCollector& scores, Erasers& erasers) const {
    for (size_t l = 0; l < erasers.layers.size(); ++l) {
      for (size_t i = range_.begin; i < range_.end; ++i) {
        const GateThreshold threshold =
            ThresholdFromScores(scores.Scores(i, l), concepts_[i].tau);
        const auto row = static_cast<int64_t>(i - range_.begin);
        erasers.layers[l].gate_center[row].fill_(threshold.center);
        erasers.layers[l].gate_slope[row].fill_(threshold.slope);
        LayerFacts& facts = erasers.concepts[i - range_.begin].facts[l];
        facts.anchor_mean = threshold.mean;
        facts.anchor_std = threshold.std;
      }
    }
  }

  Pipeline& pipeline_;
  const std::vector<ConceptSettings>& concepts_;
  const ConceptRange range_;
  const FitPlan& plan_;
  const FitOptions& options_;
  const GateSlots slots_;
  const CallsOfARun calls_of_a_run_;
  const FitKeys keys_;
  PartStore parts_;
  MomentPhase moments_;
  const std::vector<size_t> scored_;  // batches with an anchor of the range
  HookedDenoiser denoiser_;
  PassRunner runner_;
};

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
  const ConceptRange range = CheckFit(pipeline, concepts, options);
  const FitPlan plan = PlanFit(concepts, options.batch_size);
  Erasers erasers = Fit(pipeline, concepts, range, plan, options).Run();
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
