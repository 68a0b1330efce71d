#include "gloce/diffusion/pipeline.h"

#include <ATen/ATen.h>

#include "bundle/manifest.h"
#include "diffusion/vae.h"
#include "gloce/base/error.h"
#include "text/prompt_embeds.h"

namespace gloce {
namespace {

void CheckSide(const char* option, int64_t& side, const LatentSpec& latent) {
  if (side == 0) side = latent.sample_size * latent.vae_scale_factor;
  if (side < 0 || side % latent.size_multiple != 0) {
    const int64_t below = std::max<int64_t>(side / latent.size_multiple, 1) *
                          latent.size_multiple;
    throw UsageError(std::string(option) + ": got " + std::to_string(side) +
                     ", expected a multiple of " +
                     std::to_string(latent.size_multiple) + ", for example " +
                     std::to_string(below));
  }
}

}  // namespace

Pipeline::Pipeline(const std::string& bundle_folder, const Placement& placement)
    : bundle_(bundle_folder), placement_(placement) {}

Pipeline::~Pipeline() = default;

void Pipeline::CheckSize(int64_t& width, int64_t& height) const {
  CheckSide("--width", width, bundle_.manifest().latent);
  CheckSide("--height", height, bundle_.manifest().latent);
}

std::unique_ptr<Scheduler> Pipeline::MakeScheduler(
    const std::string& name) const {
  return gloce::MakeScheduler(
      name,
      SchedulerConfig::FromJson(bundle_.manifest().scheduler_json,
                                bundle_.folder() + "/bundle.json: scheduler"));
}

PromptEncoder& Pipeline::prompt_encoder() {
  if (!prompt_encoder_)
    prompt_encoder_ = std::make_unique<PromptEncoder>(bundle_, placement_);
  return *prompt_encoder_;
}

at::Tensor Pipeline::EncodePrompts(const std::vector<std::string>& prompts) {
  return prompt_encoder().Encode(prompts);
}

int64_t Pipeline::CountCutTokens(const std::string& prompt) {
  return prompt_encoder().CountCutTokens(prompt);
}

at::Tensor Pipeline::Sample(Denoiser& denoiser, Scheduler& scheduler,
                            const std::vector<ImagePrompt>& images,
                            int64_t width, int64_t height,
                            const SamplingSettings& settings) {
  const LatentSpec& latent = bundle_.manifest().latent;
  std::vector<std::string> prompts;
  std::vector<int64_t> seeds;
  Conditioning conditioning;
  if (settings.guidance_scale > 1) {
    for (const ImagePrompt& image : images)
      prompts.push_back(image.negative_prompt);
    conditioning.num_unconditional = static_cast<int64_t>(images.size());
  }
  for (const ImagePrompt& image : images) {
    prompts.push_back(image.prompt);
    seeds.push_back(image.seed);
  }
  conditioning.encoder_hidden_states = EncodePrompts(prompts);
  const at::Tensor noise =
      InitialNoise(seeds, latent.channels, height / latent.vae_scale_factor,
                   width / latent.vae_scale_factor)
          .to(placement_.device);
  return SampleLatents(denoiser, scheduler, noise, conditioning, settings);
}

void Pipeline::LoadDecoder() {
  if (!vae_) vae_ = std::make_unique<Vae>(bundle_, placement_);
}

at::Tensor Pipeline::Decode(const at::Tensor& latents) {
  LoadDecoder();
  return vae_->Decode(latents);
}

}  // namespace gloce
