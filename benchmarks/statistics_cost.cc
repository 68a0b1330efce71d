// What the statistics cost in a pass of a build: time inside the operator, with
// pooling and sums at every layer, ÷ time of the pass.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "erasure/hooked_denoiser.h"
#include "erasure/moments.h"
#include "gloce/bundle/bundle.h"
#include "hook_timer.h"

namespace {

using gloce::Bundle;
using gloce::BundleManifest;

constexpr double kTimestep = 500;

struct Options {
  std::string bundle;
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
  const Bundle bundle(options.bundle);
  const BundleManifest& manifest = bundle.manifest();
  Statistics statistics(manifest);
  gloce::HookedDenoiser denoiser(bundle, {});
  denoiser.Install(&statistics);
  at::manual_seed(1);
  const int64_t batch = options.batch;
  const int64_t side = manifest.latent.sample_size;
  const at::Tensor latents =
      at::randn({batch, manifest.latent.channels, side, side})
          .repeat({2, 1, 1, 1});
  const gloce::Conditioning conditioning{
      at::randn({2 * batch, manifest.text.max_length, manifest.text.width}),
      batch};
  struct Sample {
    double ratio, inside, pass;
  };
  std::vector<Sample> samples;
  gloce::HookTimer timer;
  for (int run = -2; run < options.runs; ++run) {  // two to warm up
    const auto start = std::chrono::steady_clock::now();
    denoiser.Predict(latents, kTimestep, conditioning);
    const double pass =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
    const double inside = timer.TakeSeconds();
    if (run >= 0) samples.push_back({inside / pass, inside, pass});
  }
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return a.ratio < b.ratio; });
  const Sample& median = samples[samples.size() / 2];
  std::printf(
      "%s, batch %lld with guidance, %d threads, median of %d:\n"
      "statistics %.2f ms of a pass of %.1f ms: %.2f %%\n",
      bundle.name().c_str(), static_cast<long long>(batch),
      at::get_num_threads(), options.runs, 1e3 * median.inside,
      1e3 * median.pass, 100 * median.ratio);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Time of the statistics as a share of a pass");
  app.add_option("bundle", options.bundle, "Bundle folder")->required();
  app.add_option("--runs", options.runs, "Passes")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--batch", options.batch, "Pictures a pass")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    Run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "statistics_cost: error: %s\n", error.what());
    return 1;
  }
  return 0;
}
