#include "gloce/erasure/fit.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

#include "bundle/manifest.h"
#include "erasure/concept_choice.h"
#include "erasure/fit_cost.h"
#include "erasure/fit_plan.h"
#include "erasure/gate_score_collector.h"
#include "erasure/hooked_denoiser.h"
#include "erasure/layer_fit.h"
#include "erasure/moment_collector.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// What the first phase leaves of each concept, one entry a hook point.
struct ConceptBases {
  std::vector<at::Tensor> surrogate_mean;
  std::vector<MappingBasis> mapping;
  std::vector<TargetBasis> target;
};

// Runs passes in batches under a hook. Passes of one batch have the same
// sampling settings.
class PassRunner {
 public:
  PassRunner(Pipeline& pipeline, HookedDenoiser& denoiser,
             const CallsOfARun& calls_of_a_run, const FitOptions& options)
      : pipeline_(pipeline),
        denoiser_(denoiser),
        calls_of_a_run_(calls_of_a_run),
        options_(options) {}

  // `after_batch(done)` is called when passes [0, done) have run.
  void Run(const std::string& phase, const std::vector<PlannedPrompt>& prompts,
           const std::vector<Pass>& passes, RecordingHook& hook,
           const std::function<void(size_t done)>& after_batch) {
    FitProgress progress{phase, 0,
                         CountCalls(prompts, passes, calls_of_a_run_)};
    denoiser_.Install(&hook);
    for (size_t begin = 0; begin < passes.size();) {
      const size_t end =
          EndOfBatch(prompts, passes, begin, options_.batch_size);
      RunBatch(prompts, {passes.begin() + begin, passes.begin() + end}, hook,
               progress);
      after_batch(end);
      begin = end;
    }
    denoiser_.Install(nullptr);
  }

 private:
  void RunBatch(const std::vector<PlannedPrompt>& prompts,
                const std::vector<Pass>& batch, RecordingHook& hook,
                FitProgress& progress) {
    const StatisticsSettings& statistics = prompts[batch[0].prompt].statistics;
    std::vector<ImagePrompt> images;
    std::vector<size_t> rows;
    for (const Pass& pass : batch) {
      images.push_back({prompts[pass.prompt].prompt, "", pass.seed});
      rows.push_back(pass.prompt);
    }
    hook.BeginRun(std::move(rows), statistics);
    SamplingSettings settings;
    settings.num_inference_steps = statistics.num_inference_steps;
    settings.guidance_scale = statistics.guidance_scale;
    settings.last_call = statistics.window_end;
    settings.interrupted = options_.interrupted;
    settings.on_call = [&](int64_t) {
      progress.done += static_cast<int64_t>(batch.size());
      if (options_.progress) options_.progress(progress);
    };
    const auto scheduler = pipeline_.MakeScheduler(statistics.scheduler);
    int64_t width = 0;
    int64_t height = 0;
    pipeline_.CheckSize(width, height);
    pipeline_.Sample(denoiser_, *scheduler, images, width, height, settings);
  }

  Pipeline& pipeline_;
  HookedDenoiser& denoiser_;
  const CallsOfARun& calls_of_a_run_;
  const FitOptions& options_;
};

// Turns each set's moments into bases for the concepts that use it, so that no
// covariance outlives its set.
class BasisBuilder {
 public:
  BasisBuilder(const MomentPlan& plan,
               const std::vector<ConceptSettings>& concepts)
      : plan_(plan), concepts_(concepts), bases_(concepts.size()) {}

  void Reduce(size_t set, const std::vector<Moments>& layers) {
    std::map<int64_t, std::vector<MappingBasis>>
        by_rank;  // concepts may share mapping and rank
    for (size_t i = 0; i < concepts_.size(); ++i) {
      const auto& sets = plan_.concepts[i];
      if (sets.surrogate == set) {
        for (const Moments& moments : layers)
          bases_[i].surrogate_mean.push_back(moments.mean);
      }
      if (sets.mapping == set) {
        auto& fitted = by_rank[concepts_[i].rank_map];
        if (fitted.empty()) {
          for (const Moments& m : layers)
            fitted.push_back(FitMapping(m, concepts_[i].rank_map));
        }
        bases_[i].mapping = fitted;
      }
      if (sets.target == set) {
        for (size_t l = 0; l < layers.size(); ++l) {
          bases_[i].target.push_back(
              FitTarget(layers[l], bases_[i].surrogate_mean[l],
                        concepts_[i].rank_target, concepts_[i].rank_gate));
        }
      }
    }
  }

  const std::vector<ConceptBases>& bases() const { return bases_; }

 private:
  const MomentPlan& plan_;
  const std::vector<ConceptSettings>& concepts_;
  std::vector<ConceptBases> bases_;
};

at::Tensor AsRow(const at::Tensor& value) {
  return value.to(at::kFloat).unsqueeze(0);
}

// One concept's erasers; gate thresholds are filled in after the second phase.
Erasers ToErasers(const ConceptSettings& settings, const ConceptBases& bases,
                  const BundleManifest& manifest, int64_t num_train_timesteps) {
  Erasers erasers;
  erasers.model_identity = manifest.model_identity;
  erasers.concepts.push_back(
      {settings,
       GateStartTimestep(num_train_timesteps, settings.gate_start,
                         settings.statistics.num_inference_steps),
       GLOCE_VERSION});
  for (size_t l = 0; l < manifest.hooks.size(); ++l) {
    const MappingBasis& mapping = bases.mapping[l];
    const TargetBasis& target = bases.target[l];
    erasers.layers.push_back(
        {manifest.hooks[l].path, manifest.hooks[l].width,
         AsRow(mapping.vectors),
         AsRow(MapDown(mapping.vectors, target.vectors)), AsRow(mapping.mean),
         AsRow(target.mean), AsRow(target.gate_basis),
         AsRow(bases.surrogate_mean[l]), at::zeros({1}), at::zeros({1})});
  }
  return erasers;
}

void SetThresholds(const GateScoreCollector& scores, Erasers& erasers) {
  for (size_t l = 0; l < erasers.layers.size(); ++l) {
    for (size_t i = 0; i < erasers.concepts.size(); ++i) {
      const GateThreshold threshold = ThresholdFromScores(
          scores.Scores(i, l), erasers.concepts[i].settings.tau);
      erasers.layers[l].gate_center[static_cast<int64_t>(i)].fill_(
          threshold.center);
      erasers.layers[l].gate_slope[static_cast<int64_t>(i)].fill_(
          threshold.slope);
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
  const int64_t num_train_timesteps =
      pipeline.MakeScheduler(concepts[0].statistics.scheduler)
          ->num_train_timesteps();
  HookedDenoiser denoiser(pipeline.bundle(), pipeline.placement());
  PassRunner runner(pipeline, denoiser, calls_of_a_run, options);

  const MomentPlan moment_plan = PlanMoments(concepts);
  MomentCollector moments(moment_plan, HookWidths(manifest));
  BasisBuilder builder(moment_plan, concepts);
  runner.Run("statistics", moment_plan.prompts, moment_plan.passes, moments,
             [&](size_t done) {
               moments.Complete(
                   done, [&](size_t set, const std::vector<Moments>& layers) {
                     builder.Reduce(set, layers);
                   });
             });

  std::vector<Erasers> parts;
  for (size_t i = 0; i < concepts.size(); ++i) {
    parts.push_back(ToErasers(concepts[i], builder.bases()[i], manifest,
                              num_train_timesteps));
  }
  Erasers erasers = MergeErasers(parts);

  std::vector<GateBank> banks;
  for (const LayerErasers& layer : erasers.layers) {
    banks.emplace_back(layer.gate_basis, layer.surrogate_mean,
                       pipeline.placement().device);
  }
  const GatePlan gate_plan = PlanGateScores(concepts);
  GateScoreCollector scores(gate_plan, banks, concepts.size());
  runner.Run("gates", gate_plan.prompts, gate_plan.passes, scores,
             [&](size_t) { scores.EndRun(); });
  SetThresholds(scores, erasers);
  return erasers;
}

}  // namespace gloce
