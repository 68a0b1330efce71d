// A bundle's networks put together: prompts in, pictures out.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "gloce/bundle/bundle.h"
#include "gloce/bundle/device.h"
#include "gloce/diffusion/denoiser.h"
#include "gloce/diffusion/sampler.h"
#include "gloce/diffusion/scheduler.h"

namespace gloce {

class PromptEncoder;
class Vae;

// One picture to make.
struct ImagePrompt {
  std::string prompt;
  std::string negative_prompt;
  int64_t seed = 0;
};

class Pipeline {
 public:
  // Opens the bundle. The text encoder is loaded at the first prompt, the
  // decoder at the first picture. Throws Error.
  Pipeline(const std::string& bundle_folder, const Placement& placement);
  ~Pipeline();

  const Bundle& bundle() const { return bundle_; }
  const Placement& placement() const { return placement_; }

  // Sizes in pixels that the caller left open (0) become the model's own.
  // Throws UsageError if a side is not a multiple of what the traced network
  // can do.
  void CheckSize(int64_t& width, int64_t& height) const;

  // The scheduler `name` ("" for the bundle's own) with the bundle's
  // configuration. Throws UsageError.
  std::unique_ptr<Scheduler> MakeScheduler(const std::string& name) const;

  // Embeddings (B, L, D) of B prompts.
  at::Tensor EncodePrompts(const std::vector<std::string>& prompts);
  int64_t CountCutTokens(const std::string& prompt);

  // Samples B pictures with `denoiser`. All have the same size and settings.
  // Returns latents (B, C, H, W) on the placement's device.
  at::Tensor Sample(Denoiser& denoiser, Scheduler& scheduler,
                    const std::vector<ImagePrompt>& images, int64_t width,
                    int64_t height, const SamplingSettings& settings);

  // Latents to uint8 pixels (B, height, width, 3) on the CPU.
  at::Tensor Decode(const at::Tensor& latents);

  // Loads the decoder, which Decode does otherwise. Throws Error.
  void LoadDecoder();

 private:
  PromptEncoder& prompt_encoder();

  Bundle bundle_;
  Placement placement_;
  std::unique_ptr<PromptEncoder> prompt_encoder_;
  std::unique_ptr<Vae> vae_;
};

}  // namespace gloce
