#include "erasure/pass_runner.h"

namespace gloce {

void PassRunner::Run(const std::string& phase, const PassPlan& plan,
                     const std::vector<size_t>& batches, RecordingHook& hook,
                     const std::function<void(size_t batch)>& after_batch) {
  FitProgress progress{phase, 0, CountCalls(plan, batches, calls_of_a_run_)};
  denoiser_.Install(&hook);
  for (const size_t b : batches) {
    RunBatch(plan, plan.batches[b], hook, progress);
    after_batch(b);
  }
  denoiser_.Install(nullptr);
}

void PassRunner::RunBatch(const PassPlan& plan, const PassRange& batch,
                          RecordingHook& hook, FitProgress& progress) {
  const StatisticsSettings& statistics =
      plan.prompts[plan.passes[batch.begin].prompt].statistics;
  std::vector<ImagePrompt> images;
  std::vector<size_t> rows;
  for (size_t i = batch.begin; i < batch.end; ++i) {
    const Pass& pass = plan.passes[i];
    images.push_back({plan.prompts[pass.prompt].prompt, "", pass.seed});
    rows.push_back(pass.prompt);
  }
  const auto count = static_cast<int64_t>(images.size());
  hook.BeginRun(std::move(rows), statistics);
  SamplingSettings settings;
  settings.num_inference_steps = statistics.num_inference_steps;
  settings.guidance_scale = statistics.guidance_scale;
  settings.last_call = statistics.window_end;
  settings.interrupted = options_.interrupted;
  settings.on_call = [&](int64_t) {
    progress.done += count;
    if (options_.progress) options_.progress(progress);
  };
  const auto scheduler = pipeline_.MakeScheduler(statistics.scheduler);
  int64_t width = 0;
  int64_t height = 0;
  pipeline_.CheckSize(width, height);
  pipeline_.Sample(denoiser_, *scheduler, images, width, height, settings);
}

}  // namespace gloce
