// Samples one image and writes its final latents, which pictures do not tell
// exactly: tests compare them with the Python reference and package.
//
//   sample_latents BUNDLE ERASERS|- SCHEDULER STEPS GUIDANCE SEED PROMPT OUT
//
// OUT gets float32 values (C, H, W), row-major, and nothing else.
#include <ATen/ATen.h>

#include <exception>
#include <iostream>
#include <memory>
#include <string>

#include "base/file.h"
#include "diffusion/unet.h"
#include "gloce/diffusion/pipeline.h"
#include "gloce/erasure/erased_denoiser.h"
#include "gloce/erasure/eraser_file.h"

namespace {

void Run(char** argv) {
  gloce::Pipeline pipeline(argv[1], {});
  const std::string erasers = argv[2];
  std::unique_ptr<gloce::Denoiser> denoiser;
  if (erasers == "-") {
    denoiser =
        std::make_unique<gloce::Unet>(pipeline.bundle(), pipeline.placement());
  } else {
    denoiser = std::make_unique<gloce::ErasedDenoiser>(
        pipeline.bundle(), pipeline.placement(), gloce::ReadErasers(erasers),
        1.0);
  }
  gloce::SamplingSettings settings;
  settings.num_inference_steps = std::stoll(argv[4]);
  settings.guidance_scale = std::stod(argv[5]);
  int64_t width = 0;
  int64_t height = 0;
  pipeline.CheckSize(width, height);
  const auto scheduler = pipeline.MakeScheduler(argv[3]);
  const at::Tensor latents =
      pipeline
          .Sample(*denoiser, *scheduler, {{argv[7], "", std::stoll(argv[6])}},
                  width, height, settings)
          .to(at::kCPU, at::kFloat)
          .contiguous();
  gloce::WriteFileAtomically(
      argv[8],
      {static_cast<const char*>(latents.data_ptr()), latents.nbytes()});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 9) {
    std::cerr << "usage: sample_latents BUNDLE ERASERS|- SCHEDULER STEPS "
                 "GUIDANCE SEED PROMPT OUT\n";
    return 2;
  }
  try {
    Run(argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
