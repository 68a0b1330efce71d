// What erasing costs in a step: time inside the operator over all layers ÷ time
// of the step, for random erasers of N concepts whose gates are open on a share
// of the tokens; and the memory that it takes.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/allocator.h"
#include "bundle/manifest.h"
#include "gloce/bundle/bundle.h"
#include "gloce/erasure/erased_denoiser.h"
#include "hook_timer.h"
#include "random_erasers.h"
#include "step_cost.h"

namespace {

using gloce::Bundle;
using gloce::ErasedDenoiser;
using gloce::Erasers;
using gloce::HookTimer;
using gloce::StepCost;
using gloce::StepInputs;

// So small that x' = x in float32: every run sees the same tokens.
constexpr double kStrength = 1e-20;

struct Options {
  std::string bundle, device = "cpu", dtype = "float32";
  std::vector<int64_t> concepts = {1, 50, 300, 1000};
  std::vector<double> shares = {0.02, 1};
  std::string surrogates = "shared";
  int64_t batch = 1;
  int runs = 5;
};

constexpr double kMiB = 1 << 20;

// Prints one line: medians over `runs` steps.
void Measure(ErasedDenoiser& denoiser, const StepInputs& inputs,
             const Erasers& erasers, double share, int runs) {
  denoiser.SetErasers(erasers, kStrength);
  HookTimer timer;
  const StepCost cost = gloce::MeasureSteps(denoiser, inputs, timer, runs);
  const double open = denoiser.TakeGateActivity().sum(1).mean().item<double>();
  const auto peak = static_cast<double>(timer.TakePeakBytes());
  std::printf("%8zu  %7.1f  %7.1f  %9.2f  %9.1f  %7.2f  %10.1f\n",
              erasers.concepts.size(), 100 * share, 100 * open,
              1e3 * cost.inside, 1e3 * cost.step, 100 * cost.ratio,
              peak / kMiB);
  std::fflush(stdout);
}

void Run(const Options& options) {
  const gloce::Placement placement =
      gloce::ParsePlacement(options.device, options.dtype);
  const Bundle bundle(options.bundle);
  const gloce::BundleManifest& manifest = bundle.manifest();
  const StepInputs inputs =
      gloce::RandomStepInputs(manifest, options.batch, placement);
  const gloce::Surrogates surrogates = options.surrogates == "shared"
                                           ? gloce::Surrogates::kShared
                                           : gloce::Surrogates::kDistinct;
  const auto random = [&](int64_t num_concepts) {
    return gloce::RandomErasers(manifest.hooks, manifest.model_identity,
                                num_concepts, surrogates);
  };
  ErasedDenoiser denoiser(bundle, placement, random(1), kStrength);
  std::vector<at::Tensor> activations;
  for (int warm_up = 0; warm_up < 2; ++warm_up) {
    HookTimer recorder(/*keep_inputs=*/true);
    denoiser.Predict(inputs.latents, gloce::kActiveTimestep,
                     inputs.conditioning);
    activations = recorder.TakeInputs();
  }
  std::printf(
      "%s on %s in %s, batch %lld with guidance, %d threads, median of %d; "
      "memory inside the operator\n"
      "concepts   asked %%   open %%      op ms    step ms   cost %%    peak "
      "MiB\n",
      bundle.name().c_str(), placement.device.str().c_str(),
      options.dtype.c_str(), static_cast<long long>(options.batch),
      at::get_num_threads(), options.runs);
  for (const int64_t num_concepts : options.concepts) {
    Erasers erasers = random(num_concepts);
    for (const double share : options.shares) {
      gloce::OpenGates(erasers, activations, share);
      Measure(denoiser, inputs, erasers, share, options.runs);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  gloce::KeepFreedMemory();  // as the program does
  Options options;
  CLI::App app("Time inside the erasing operator as a share of a step");
  app.add_option("bundle", options.bundle, "Bundle folder")->required();
  app.add_option("--concepts", options.concepts, "Numbers of concepts")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--share", options.shares, "Shares of tokens with open gates")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--surrogates", options.surrogates,
                 "One for all concepts (shared) or one each (distinct)")
      ->check(CLI::IsMember({"shared", "distinct"}))
      ->capture_default_str();
  app.add_option("--runs", options.runs, "Steps a line")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--batch", options.batch, "Pictures a step")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--device", options.device)->capture_default_str();
  app.add_option("--dtype", options.dtype)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    Run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "erasing_cost: error: %s\n", error.what());
    return 1;
  }
  return 0;
}
