// What the statistics cost in a pass of a build: time inside the operator, with
// pooling and sums at every layer, ÷ time of the pass.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/allocator.h"
#include "bundle/manifest.h"
#include "erasure/hooked_denoiser.h"
#include "erasure/moments.h"
#include "gloce/bundle/bundle.h"
#include "step_cost.h"

namespace {

using gloce::Bundle;
using gloce::BundleManifest;

struct Options {
  std::string bundle, device = "cpu", dtype = "float32";
  int64_t batch = 1;
  int runs = 5;
};

// One set of prompts with covariance, at every hook point.
class Statistics : public gloce::LayerHook {
 public:
  explicit Statistics(const BundleManifest& manifest) {
    for (const gloce::HookPoint& hook : manifest.hooks)
      layers_.emplace_back(hook.width, /*with_covariance=*/true);
  }

  bool BeginForward(const gloce::ForwardContext& context) override {
    context_ = context;
    return true;
  }

  at::Tensor OnActivation(at::Tensor x, size_t layer) override {
    const auto [height, width] = gloce::TokenMapSize(
        x.size(1), context_.latent_height, context_.latent_width);
    layers_[layer].Add(
        gloce::PoolTokens(x.narrow(0, context_.num_unconditional,
                                   context_.batch - context_.num_unconditional),
                          height, width));
    return x;
  }

 private:
  gloce::ForwardContext context_{};
  std::vector<gloce::MomentAccumulator> layers_;
};

void Run(const Options& options) {
  const gloce::Placement placement =
      gloce::ParsePlacement(options.device, options.dtype);
  const Bundle bundle(options.bundle);
  const BundleManifest& manifest = bundle.manifest();
  Statistics statistics(manifest);
  gloce::HookedDenoiser denoiser(bundle, placement);
  denoiser.Install(&statistics);
  const gloce::StepInputs inputs =
      gloce::RandomStepInputs(manifest, options.batch, placement);
  gloce::HookTimer timer;
  gloce::MeasureSteps(denoiser, inputs, timer, 2);  // to warm up
  const gloce::StepCost cost =
      gloce::MeasureSteps(denoiser, inputs, timer, options.runs);
  std::printf(
      "%s on %s in %s, batch %lld with guidance, %d threads, median of %d:\n"
      "statistics %.2f ms of a pass of %.1f ms: %.2f %%\n",
      bundle.name().c_str(), placement.device.str().c_str(),
      options.dtype.c_str(), static_cast<long long>(options.batch),
      at::get_num_threads(), options.runs, 1e3 * cost.inside, 1e3 * cost.step,
      100 * cost.ratio);
}

}  // namespace

int main(int argc, char** argv) {
  gloce::KeepFreedMemory();  // as the program does
  Options options;
  CLI::App app("Time of the statistics as a share of a pass");
  app.add_option("bundle", options.bundle, "Bundle folder")->required();
  app.add_option("--runs", options.runs, "Passes")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--batch", options.batch, "Pictures a pass")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--device", options.device)->capture_default_str();
  app.add_option("--dtype", options.dtype)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    Run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "statistics_cost: error: %s\n", error.what());
    return 1;
  }
  return 0;
}
