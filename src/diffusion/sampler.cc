#include "gloce/diffusion/sampler.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <limits>

#include "base/stopwatch.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// Tells what is left of a run of calls.
class CallClock {
 public:
  explicit CallClock(int64_t calls) : calls_(calls) {}

  // At the pace of the calls before `call`; infinite if there were none.
  double SecondsLeft(int64_t call) const {
    if (call == 0) return std::numeric_limits<double>::infinity();
    return watch_.Seconds() * static_cast<double>(calls_ - call) /
           static_cast<double>(call);
  }

 private:
  const int64_t calls_;
  const Stopwatch watch_;
};

// `latents`, with images that are not finite set to 0.
at::Tensor Finite(const at::Tensor& latents,
                  const std::function<void(int64_t)>& not_finite) {
  const at::Tensor is_finite = at::isfinite(latents).flatten(1).all(1).cpu();
  if (is_finite.all().item<bool>()) return latents;
  if (!not_finite) throw NotFinite(kNotFiniteLatents);
  at::Tensor finite = latents.clone();
  for (int64_t b = 0; b < latents.size(0); ++b) {
    if (is_finite[b].item<bool>()) continue;
    finite[b].zero_();
    not_finite(b);
  }
  return finite;
}

}  // namespace

at::Tensor InitialNoise(const std::vector<int64_t>& seeds, int64_t channels,
                        int64_t height, int64_t width) {
  std::vector<at::Tensor> rows;
  rows.reserve(seeds.size());
  for (const int64_t seed : seeds) {
    auto generator =
        at::detail::createCPUGenerator(static_cast<uint64_t>(seed));
    rows.push_back(at::randn({1, channels, height, width}, generator,
                             at::TensorOptions().dtype(at::kFloat)));
  }
  return at::cat(rows, 0);
}

at::Tensor SampleLatents(Denoiser& denoiser, Scheduler& scheduler,
                         const at::Tensor& noise,
                         const Conditioning& conditioning,
                         const SamplingSettings& settings) {
  const bool guided = settings.guidance_scale > 1;
  const int64_t rows = guided ? 2 * noise.size(0) : noise.size(0);
  if (conditioning.encoder_hidden_states.size(0) != rows ||
      conditioning.num_unconditional != (guided ? noise.size(0) : 0)) {
    throw Error("conditioning: got " +
                std::to_string(conditioning.encoder_hidden_states.size(0)) +
                " rows, expected " + std::to_string(rows));
  }
  const c10::InferenceMode no_gradients;
  scheduler.SetTimesteps(settings.num_inference_steps);
  at::Tensor latents = noise * scheduler.init_noise_sigma();
  const auto calls = static_cast<int64_t>(scheduler.timesteps().size());
  const int64_t last_call =
      std::min(settings.last_call.value_or(calls - 1), calls - 1);
  const CallClock clock(last_call + 1);
  for (int64_t call = 0; call <= last_call; ++call) {
    if (settings.interrupted && settings.interrupted(clock.SecondsLeft(call)))
      throw Interrupted();
    const auto index = static_cast<size_t>(call);
    at::Tensor model_input = scheduler.ScaleModelInput(latents, index);
    if (guided) model_input = at::cat({model_input, model_input}, 0);
    at::Tensor noise_pred =
        denoiser
            .Predict(model_input, scheduler.timesteps()[index], conditioning)
            .to(latents.scalar_type());
    if (guided) {
      const auto halves = noise_pred.chunk(2, 0);
      noise_pred =
          halves[0] + settings.guidance_scale * (halves[1] - halves[0]);
    }
    latents = scheduler.Step(noise_pred, index, latents);
    if (settings.on_call) settings.on_call(call);
  }
  return Finite(latents, settings.not_finite);
}

}  // namespace gloce
