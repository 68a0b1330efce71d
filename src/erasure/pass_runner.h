// Runs planned passes through the network, batch by batch.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "erasure/fit_plan.h"
#include "erasure/hooked_denoiser.h"
#include "erasure/recording_hook.h"
#include "gloce/diffusion/pipeline.h"
#include "gloce/erasure/fit.h"

namespace gloce {

class PassRunner {
 public:
  // All must outlive this.
  PassRunner(Pipeline& pipeline, HookedDenoiser& denoiser,
             const CallsOfARun& calls_of_a_run, const FitOptions& options)
      : pipeline_(pipeline),
        denoiser_(denoiser),
        calls_of_a_run_(calls_of_a_run),
        options_(options) {}

  // Samples these batches of the plan under `hook`; `after_batch` is called
  // after each. Throws Error; Interrupted.
  void Run(const std::string& phase, const PassPlan& plan,
           const std::vector<size_t>& batches, RecordingHook& hook,
           const std::function<void(size_t batch)>& after_batch);

 private:
  void RunBatch(const PassPlan& plan, const PassRange& batch,
                RecordingHook& hook, FitProgress& progress);

  Pipeline& pipeline_;
  HookedDenoiser& denoiser_;
  const CallsOfARun& calls_of_a_run_;
  const FitOptions& options_;
};

}  // namespace gloce
