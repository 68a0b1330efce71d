// Runs planned passes through the network, batch by batch.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "erasure/activation_recorder.h"
#include "erasure/fit_plan.h"
#include "erasure/hooked_denoiser.h"
#include "gloce/diffusion/pipeline.h"
#include "gloce/erasure/fit.h"

namespace gloce {

class PassRunner {
 public:
  // All must outlive this.
  PassRunner(Pipeline& pipeline, HookedDenoiser& denoiser, const FitPlan& plan,
             const CallsOfARun& calls_of_a_run, const FitOptions& options)
      : pipeline_(pipeline),
        denoiser_(denoiser),
        plan_(plan),
        calls_of_a_run_(calls_of_a_run),
        options_(options) {}

  // Samples these batches of the plan; every recorder gets what each pass's
  // window, start < call <= end, puts out. `after_batch` is called after each.
  // Throws Error; Interrupted.
  void Run(const std::string& phase, const std::vector<size_t>& batches,
           const std::vector<ActivationRecorder*>& recorders,
           const std::function<void(size_t batch)>& after_batch);

 private:
  void RunBatch(size_t batch, const std::vector<ActivationRecorder*>& recorders,
                FitProgress& progress);

  Pipeline& pipeline_;
  HookedDenoiser& denoiser_;
  const FitPlan& plan_;
  const CallsOfARun& calls_of_a_run_;
  const FitOptions& options_;
};

}  // namespace gloce
