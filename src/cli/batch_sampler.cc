#include "cli/batch_sampler.h"

#include <utility>

#include "base/allocator.h"
#include "base/stopwatch.h"
#include "bundle/manifest.h"
#include "cli/erase_choices.h"
#include "cli/interrupt.h"
#include "cli/sampling_advice.h"
#include "diffusion/call_timer.h"
#include "diffusion/unet.h"
#include "gloce/diffusion/scheduler.h"

namespace gloce {
namespace {

// Of the first batch, at most: Stable Diffusion's decoder works as much as 3
// of its steps without guidance, or 1.5 with it.
constexpr double kStepsOfADecoding = 4;

}  // namespace

BatchSampler::BatchSampler(Pipeline& pipeline, SamplerSettings settings)
    : pipeline_(pipeline), settings_(std::move(settings)) {}

BatchSampler::~BatchSampler() = default;

void BatchSampler::LoadPlain() {
  plain_ = std::make_unique<Unet>(pipeline_.bundle(), pipeline_.placement());
}

void BatchSampler::LoadErased(const EraseChoices& choices) {
  choices_ = &choices;
  choice_.reset();
  const Erasers erasers = choices.Select(choice_);
  erased_ = std::make_unique<ErasedDenoiser>(
      pipeline_.bundle(), pipeline_.placement(), erasers, settings_.strength);
  erased_->RecordGates(settings_.gate_maps);
  names_ = ConceptNames(erasers);
}

void BatchSampler::Choose(std::optional<size_t> choice) {
  if (choice == choice_) return;
  const Erasers erasers = choices_->Select(choice);
  erased_->SetErasers(erasers, settings_.strength);
  names_ = ConceptNames(erasers);
  choice_ = choice;
}

at::Tensor BatchSampler::Sample(const std::vector<ImageSettings>& batch,
                                SamplingSettings sampling) {
  std::vector<ImagePrompt> prompts;
  for (const ImageSettings& image : batch) {
    prompts.push_back({image.prompt, image.negative_prompt, image.seed});
  }
  sampling.num_inference_steps = settings_.steps;
  sampling.guidance_scale = batch[0].guidance_scale;
  if (erased_) {
    Choose(batch[0].choice);
    erased_->TakeGateActivity();  // of a batch that failed
    erased_->TakeGateRecord();
  }
  const auto scheduler = pipeline_.MakeScheduler(settings_.scheduler);
  Denoiser& denoiser = erased_ ? static_cast<Denoiser&>(*erased_) : *plain_;
  return pipeline_.Sample(denoiser, *scheduler, prompts, batch[0].width,
                          batch[0].height, sampling);
}

std::vector<Picture> BatchSampler::operator()(
    const std::vector<ImageSettings>& batch) {
  std::vector<Picture> pictures;
  WithAdviceOn(batch, [&] { pictures = Draw(batch); });
  return pictures;
}

void BatchSampler::WithAdviceOn(const std::vector<ImageSettings>& batch,
                                const std::function<void()>& work) const {
  WithAdvice(AdviceOn(batch), "this batch", work);
}

SamplingAdvice BatchSampler::AdviceOn(
    const std::vector<ImageSettings>& batch) const {
  return AdviceForPictures(batch.size(), batch[0].width, batch[0].height,
                           erased_ != nullptr);
}

std::vector<Picture> BatchSampler::Draw(
    const std::vector<ImageSettings>& batch) {
  SamplingSettings sampling;
  const auto size = static_cast<double>(static_cast<int64_t>(batch.size()) *
                                        batch[0].width * batch[0].height);
  sampling.interrupted = [known = decoding_seconds_per_pixel_ * size,
                          watch = Stopwatch(),
                          calls = 0](double seconds_left) mutable {
    const double guess =
        calls > 0 ? kStepsOfADecoding * watch.Seconds() / calls : 0;
    ++calls;
    return MustStop(seconds_left + (known > 0 ? known : guess));
  };
  std::vector<size_t> failed;
  sampling.not_finite = [&](int64_t image) {
    failed.push_back(static_cast<size_t>(image));
  };
  const at::Tensor latents = Sample(batch, sampling);
  ReturnFreedMemory();  // the decoder's blocks are larger than the denoiser's
  const Stopwatch watch;
  const at::Tensor pixels = pipeline_.Decode(latents);
  decoding_seconds_per_pixel_ = watch.Seconds() / size;
  std::vector<Picture> pictures = ToPictures(pixels);
  for (const size_t b : failed) {
    pictures[b] = {};
    pictures[b].failure = NotFiniteText(AdviceOn(batch));
  }
  return pictures;
}

PictureCost BatchSampler::Measure(const ImageSettings& image) {
  PictureCost cost;
  WithAdviceOn({image}, [&] { cost = MeasureOne(image); });
  return cost;
}

PictureCost BatchSampler::MeasureOne(const ImageSettings& image) {
  const auto scheduler = pipeline_.MakeScheduler(settings_.scheduler);
  scheduler->SetTimesteps(settings_.steps);
  PictureCost cost;
  cost.steps = static_cast<int64_t>(scheduler->timesteps().size());
  SamplingSettings settings;
  settings.interrupted = MustStop;
  at::Tensor latents;
  cost.seconds_per_step =
      MeasureSecondsPerCall(settings, [&](const SamplingSettings& sampling) {
        latents = Sample({image}, sampling);
      });
  pipeline_.Decode(latents);
  const Stopwatch watch;
  pipeline_.Decode(latents);
  cost.seconds_of_decoding = watch.Seconds();
  return cost;
}

std::vector<Picture> BatchSampler::ToPictures(const at::Tensor& pixels) {
  const at::Tensor activity =
      erased_ ? erased_->TakeGateActivity() : at::Tensor();
  const GateRecord gates = erased_ ? erased_->TakeGateRecord() : GateRecord();
  std::vector<std::string> paths;
  if (settings_.gate_maps) {
    for (const HookPoint& hook : pipeline_.bundle().manifest().hooks)
      paths.push_back(hook.path);
  }
  std::vector<Picture> pictures;
  for (int64_t b = 0; b < pixels.size(0); ++b) {
    const at::Tensor image = pixels[b];  // (height, width, 3) uint8
    const auto* bytes = image.const_data_ptr<uint8_t>();
    Picture picture{
        {}, image.size(1), image.size(0), {bytes, bytes + image.numel()}, {},
        {}};
    for (size_t n = 0; n < names_.size() && activity.defined(); ++n) {
      const double share = activity[b][static_cast<int64_t>(n)].item<double>();
      if (share > 0) picture.gate_activity.emplace_back(names_[n], share);
    }
    if (settings_.gate_maps && !names_.empty()) {
      picture.gate_maps =
          SerializeGateMaps(MapsOfPicture(gates, b, names_, paths));
    }
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

}  // namespace gloce
