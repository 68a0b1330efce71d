#include "erasure/fit_cost.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "bundle/manifest.h"
#include "erasure/hooked_denoiser.h"
#include "gloce/erasure/fit.h"

namespace gloce {
namespace {

std::vector<int64_t> HookWidths(const BundleManifest& manifest) {
  std::vector<int64_t> widths;
  for (const HookPoint& hook : manifest.hooks) widths.push_back(hook.width);
  return widths;
}

}  // namespace

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

int64_t PeakMomentBytes(const MomentPlan& plan,
                        const std::vector<int64_t>& widths,
                        int64_t batch_size) {
  int64_t plain = 0;
  int64_t with_covariance = 0;
  for (const int64_t width : widths) {
    plain += width * static_cast<int64_t>(sizeof(double));
    with_covariance +=
        (width * width + width) * static_cast<int64_t>(sizeof(double));
  }
  std::vector<size_t> last_pass(plan.sets.size(), 0);
  for (size_t i = 0; i < plan.passes.size(); ++i) {
    for (const size_t set : plan.prompts[plan.passes[i].prompt].users)
      last_pass[set] = i + 1;
  }
  std::set<size_t> open;
  size_t next = 0;  // sets are reduced in their order
  int64_t peak = 0;
  const auto step = static_cast<size_t>(batch_size);
  for (size_t begin = 0; begin < plan.passes.size(); begin += step) {
    const size_t end = std::min(begin + step, plan.passes.size());
    for (size_t i = begin; i < end; ++i) {
      const auto& users = plan.prompts[plan.passes[i].prompt].users;
      open.insert(users.begin(), users.end());
    }
    int64_t bytes = 0;
    for (const size_t set : open)
      bytes += plan.sets[set].with_covariance ? with_covariance : plain;
    peak = std::max(peak, bytes);
    for (; next < last_pass.size() && last_pass[next] <= end; ++next)
      open.erase(next);
  }
  return peak;
}

FitCost EstimateFit(Pipeline& pipeline,
                    const std::vector<ConceptSettings>& concepts,
                    int64_t batch_size) {
  const MomentPlan moments = PlanMoments(concepts);
  const GatePlan gates = PlanGateScores(concepts);
  const CallsOfARun calls = CallsOfRuns(pipeline);
  return {CountCalls(moments.prompts, moments.passes, calls),
          CountCalls(gates.prompts, gates.passes, calls),
          PeakMomentBytes(moments, HookWidths(pipeline.bundle().manifest()),
                          batch_size)};
}

double MeasureSecondsPerCall(Pipeline& pipeline,
                             const ConceptSettings& settings) {
  using Clock = std::chrono::steady_clock;
  HookedDenoiser denoiser(pipeline.bundle(), pipeline.placement());
  const auto scheduler = pipeline.MakeScheduler(settings.statistics.scheduler);
  int64_t width = 0;
  int64_t height = 0;
  pipeline.CheckSize(width, height);
  const auto seconds_of = [&](int64_t calls) {
    SamplingSettings sampling;
    sampling.num_inference_steps = settings.statistics.num_inference_steps;
    sampling.guidance_scale = settings.statistics.guidance_scale;
    sampling.last_call = calls - 1;
    const Clock::time_point start = Clock::now();
    pipeline
        .Sample(denoiser, *scheduler, {{settings.prompts[0], "", 0}}, width,
                height, sampling)
        .to(at::kCPU);  // waits for the device
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  constexpr int64_t kCalls = 3;
  seconds_of(2);  // the executor optimises on its second run
  return seconds_of(kCalls) / static_cast<double>(kCalls);
}

}  // namespace gloce
