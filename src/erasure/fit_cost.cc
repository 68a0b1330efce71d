#include "erasure/fit_cost.h"

#include <algorithm>
#include <map>
#include <set>

#include "bundle/manifest.h"
#include "diffusion/call_timer.h"
#include "erasure/anchor_rows.h"
#include "erasure/hooked_denoiser.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

int64_t RecordedCalls(const StatisticsSettings& statistics,
                      const CallsOfARun& calls_of_a_run) {
  return std::min(statistics.window_end, calls_of_a_run(statistics) - 1) -
         statistics.window_start;
}

void CheckEnough(const ConceptSettings& settings,
                 const CallsOfARun& calls_of_a_run) {
  const StatisticsSettings& statistics = settings.statistics;
  const int64_t calls = calls_of_a_run(statistics);
  const int64_t recorded = RecordedCalls(statistics, calls_of_a_run);
  if (recorded < 1) {
    throw UsageError("concept \"" + settings.name +
                     "\": window: starts after the last of the " +
                     std::to_string(calls) + " calls of the denoiser");
  }
  const int64_t scores = static_cast<int64_t>(settings.anchors.size()) *
                         statistics.num_seeds * recorded;
  if (scores < 2) {
    throw UsageError("concept \"" + settings.name +
                     "\": the gate's threshold needs at least two anchor "
                     "scores, got 1; give more anchors, more seeds or a wider "
                     "window");
  }
}

// A basis of the whole space lets every token pass: p = 1 whatever x is.
void CheckGateRank(const ConceptSettings& settings,
                   const std::vector<int64_t>& widths) {
  const int64_t narrowest = *std::min_element(widths.begin(), widths.end());
  if (settings.rank_gate < narrowest) return;
  throw UsageError("concept \"" + settings.name + "\": rank_gate: got " +
                   std::to_string(settings.rank_gate) +
                   ", expected less than " + std::to_string(narrowest) +
                   ", the width of the narrowest hook point: the gate would "
                   "be open everywhere");
}

// Of each prompt: the batch after which no wanted set waits for its sums.
std::vector<size_t> LastUses(const FitPlan& plan,
                             const std::vector<bool>& wanted_reductions,
                             const std::vector<size_t>& last_batches) {
  std::vector<size_t> last_uses = last_batches;
  for (size_t r = 0; r < wanted_reductions.size(); ++r) {
    if (!wanted_reductions[r]) continue;
    const auto& prompts = plan.sets[plan.reductions[r].set].prompts;
    size_t end = 0;
    for (const size_t prompt : prompts)
      end = std::max(end, last_batches[prompt]);
    for (const size_t prompt : prompts)
      last_uses[prompt] = std::max(last_uses[prompt], end);
  }
  return last_uses;
}

// Sums what an image leaves at the hook points in a call.
class ActivationBytes final : public LayerHook {
 public:
  bool BeginForward(const ForwardContext& /*context*/) override {
    bytes_ = 0;
    return true;
  }
  at::Tensor OnActivation(at::Tensor x, size_t /*layer*/) override {
    bytes_ += static_cast<int64_t>(x.nbytes()) / x.size(0);
    return x;
  }
  int64_t bytes() const { return bytes_; }

 private:
  int64_t bytes_ = 0;
};

// Of a call of the denoiser for one image.
struct CallCost {
  double seconds;
  int64_t activation_bytes;  // at all hook points, of the conditional half
};

CallCost MeasureCall(Pipeline& pipeline, const ConceptSettings& settings,
                     const std::function<bool(double)>& interrupted) {
  HookedDenoiser denoiser(pipeline.bundle(), pipeline.placement());
  const auto scheduler = pipeline.MakeScheduler(settings.statistics.scheduler);
  int64_t width = 0;
  int64_t height = 0;
  pipeline.CheckSize(width, height);
  SamplingSettings wanted;
  wanted.num_inference_steps = settings.statistics.num_inference_steps;
  wanted.guidance_scale = settings.statistics.guidance_scale;
  wanted.interrupted = interrupted;
  ActivationBytes activations;
  denoiser.Install(&activations);
  const double seconds =
      MeasureSecondsPerCall(wanted, [&](const SamplingSettings& sampling) {
        pipeline.Sample(denoiser, *scheduler, {{settings.prompts[0], "", 0}},
                        width, height, sampling);
      });
  return {seconds, activations.bytes()};
}

// What KeptActivations will keep of `sampled` batches, in order, that have an
// anchor to score, where a call for an image leaves `bytes_of_a_call`.
struct KeptBatches {
  std::set<size_t> batches;
  int64_t bytes = 0;
};

KeptBatches ChooseKept(const FitPlan& plan, const std::vector<size_t>& sampled,
                       const std::set<size_t>& scored,
                       const CallsOfARun& calls_of_a_run,
                       int64_t bytes_of_a_call, int64_t limit) {
  KeptBatches kept;
  for (const size_t b : sampled) {
    if (!scored.contains(b)) continue;
    const StatisticsSettings& statistics =
        plan.prompts[plan.passes[plan.batches[b].begin].prompt].statistics;
    const int64_t bytes = static_cast<int64_t>(AnchorRows(plan, b).size()) *
                          RecordedCalls(statistics, calls_of_a_run) *
                          bytes_of_a_call;
    if (bytes > limit - kept.bytes) continue;
    kept.bytes += bytes;
    kept.batches.insert(b);
  }
  return kept;
}

}  // namespace

std::vector<int64_t> HookWidths(const BundleManifest& manifest) {
  std::vector<int64_t> widths;
  widths.reserve(manifest.hooks.size());
  for (const HookPoint& hook : manifest.hooks) widths.push_back(hook.width);
  return widths;
}

CallsOfARun CallsOfRuns(const Pipeline& pipeline) {
  return [&pipeline, known = std::map<StatisticsSettings, int64_t>()](
             const StatisticsSettings& statistics) mutable {
    const auto [it, fresh] = known.try_emplace(statistics);
    if (fresh) {
      const auto scheduler = pipeline.MakeScheduler(statistics.scheduler);
      scheduler->SetTimesteps(statistics.num_inference_steps);
      it->second = static_cast<int64_t>(scheduler->timesteps().size());
    }
    return it->second;
  };
}

ConceptRange CheckFit(const Pipeline& pipeline,
                      const std::vector<ConceptSettings>& concepts,
                      const FitOptions& options) {
  if (concepts.empty()) throw UsageError("no concept to erase");
  const std::vector<int64_t> widths = HookWidths(pipeline.bundle().manifest());
  const CallsOfARun calls_of_a_run = CallsOfRuns(pipeline);
  for (const ConceptSettings& settings : concepts) {
    CheckEnough(settings, calls_of_a_run);
    if (!widths.empty()) CheckGateRank(settings, widths);
  }
  return ConceptsOfShard(concepts.size(), options.shard, options.num_shards);
}

int64_t PeakMomentBytes(const FitPlan& plan,
                        const std::vector<bool>& wanted_reductions,
                        const std::vector<int64_t>& widths, bool stored) {
  constexpr auto kBytes = static_cast<int64_t>(sizeof(double));
  int64_t means = 0;
  int64_t covariances = 0;
  int64_t widest = 0;
  for (const int64_t width : widths) {
    means += width * kBytes;
    covariances += width * width * kBytes;
    widest = std::max(widest, width * width * kBytes);
  }
  const std::vector<bool> wanted = PromptsOfReductions(plan, wanted_reductions);
  const std::vector<bool> with_covariance = PromptsWithCovariance(plan);
  const auto bytes_of = [&](size_t prompt) {
    return means + (with_covariance[prompt] ? covariances : 0);
  };
  const std::vector<size_t> last_batches = LastBatches(plan);
  std::vector<size_t> last_uses =
      LastUses(plan, wanted_reductions, last_batches);
  std::set<size_t> held;
  int64_t peak = 0;
  for (const size_t b : BatchesOf(plan, wanted)) {
    for (size_t i = plan.batches[b].begin; i < plan.batches[b].end; ++i) {
      if (wanted[plan.passes[i].prompt]) held.insert(plan.passes[i].prompt);
    }
    int64_t bytes = 2 * (means + covariances) + 4 * widest;
    for (const size_t prompt : held) bytes += bytes_of(prompt);
    peak = std::max(peak, bytes);
    std::erase_if(held, [&](size_t prompt) {
      return (stored ? last_batches : last_uses)[prompt] <= b;
    });
  }
  return peak;
}

FitCost EstimateFit(Pipeline& pipeline,
                    const std::vector<ConceptSettings>& concepts,
                    const FitOptions& options) {
  const ConceptRange range = CheckFit(pipeline, concepts, options);
  const FitPlan plan = PlanFit(concepts, options.batch_size);
  const CallsOfARun calls_of_a_run = CallsOfRuns(pipeline);
  const std::vector<bool> wanted = ReductionsOf(plan, range);
  const std::vector<size_t> summed =
      BatchesOf(plan, PromptsOfReductions(plan, wanted));
  const std::vector<size_t> scored = BatchesOf(plan, AnchorsOf(plan, range));
  const auto second =
      std::lower_bound(summed.begin(), summed.end(), plan.num_first_batches);
  const std::vector<size_t> first(summed.begin(), second);
  const CallCost call = MeasureCall(pipeline, concepts[0], options.interrupted);
  const KeptBatches kept =
      ChooseKept(plan, first, {scored.begin(), scored.end()}, calls_of_a_run,
                 call.activation_bytes, options.kept_bytes);
  std::set<size_t> rest(second, summed.end());
  std::vector<size_t> repeated;
  for (const size_t b : scored) {
    if (kept.batches.contains(b)) continue;
    rest.insert(b);
    if (std::binary_search(first.begin(), first.end(), b))
      repeated.push_back(b);
  }
  FitCost cost;
  cost.targets = CountCalls(plan, first, calls_of_a_run);
  cost.anchors = CountCalls(plan, {rest.begin(), rest.end()}, calls_of_a_run);
  cost.repeated = CountCalls(plan, repeated, calls_of_a_run);
  cost.moment_bytes =
      PeakMomentBytes(plan, wanted, HookWidths(pipeline.bundle().manifest()),
                      !options.parts_folder.empty());
  cost.kept_bytes = kept.bytes;
  cost.seconds_per_call = call.seconds;
  return cost;
}

}  // namespace gloce
