#include "erasure/pass_runner.h"

#include <ATen/core/Tensor.h>

namespace gloce {
namespace {

// Hands the conditional half of every activation in the window on.
class WindowHook final : public LayerHook {
 public:
  WindowHook(const StatisticsSettings& statistics,
             const std::vector<ActivationRecorder*>& recorders)
      : statistics_(statistics), recorders_(recorders) {}

  bool BeginForward(const ForwardContext& context) override {
    context_ = context;
    ++call_;
    return call_ > statistics_.window_start && call_ <= statistics_.window_end;
  }

  at::Tensor OnActivation(at::Tensor x, size_t layer) override {
    const at::Tensor conditional =
        x.narrow(0, context_.num_unconditional,
                 context_.batch - context_.num_unconditional);
    for (ActivationRecorder* recorder : recorders_)
      recorder->Record(conditional, layer, context_);
    return x;
  }

 private:
  const StatisticsSettings& statistics_;
  const std::vector<ActivationRecorder*>& recorders_;
  ForwardContext context_{};
  int64_t call_ = -1;
};

// Installs a hook for as long as it lives.
class Installed {
 public:
  Installed(HookedDenoiser& denoiser, LayerHook& hook) : denoiser_(denoiser) {
    denoiser_.Install(&hook);
  }
  ~Installed() { denoiser_.Install(nullptr); }
  Installed(const Installed&) = delete;
  Installed& operator=(const Installed&) = delete;

 private:
  HookedDenoiser& denoiser_;
};

}  // namespace

void PassRunner::Run(const std::string& phase,
                     const std::vector<size_t>& batches,
                     const std::vector<ActivationRecorder*>& recorders,
                     const std::function<void(size_t batch)>& after_batch) {
  FitProgress progress{phase, 0, CountCalls(plan_, batches, calls_of_a_run_)};
  for (const size_t batch : batches) {
    for (ActivationRecorder* recorder : recorders) recorder->BeginBatch(batch);
    RunBatch(batch, recorders, progress);
    after_batch(batch);
  }
}

void PassRunner::RunBatch(size_t batch,
                          const std::vector<ActivationRecorder*>& recorders,
                          FitProgress& progress) {
  const PassRange& range = plan_.batches[batch];
  const StatisticsSettings& statistics =
      plan_.prompts[plan_.passes[range.begin].prompt].statistics;
  std::vector<ImagePrompt> images;
  for (size_t i = range.begin; i < range.end; ++i) {
    const Pass& pass = plan_.passes[i];
    images.push_back({plan_.prompts[pass.prompt].prompt, "", pass.seed});
  }
  const auto count = static_cast<int64_t>(images.size());
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
  WindowHook hook(statistics, recorders);
  const Installed installed(denoiser_, hook);
  pipeline_.Sample(denoiser_, *scheduler, images, width, height, settings);
}

}  // namespace gloce
