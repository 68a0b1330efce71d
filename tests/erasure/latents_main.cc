// What pictures do not tell exactly, for tests that compare with the Python
// reference and package: final latents, and single calls of the denoiser.
//
//   latents sample  BUNDLE ERASERS|- SCHEDULER STEPS GUIDANCE SEED PROMPT OUT
//                   [DEVICE DTYPE]
//   latents predict BUNDLE ERASERS|- PROMPT TIMESTEPS IN OUT
//
// `sample` writes one image's final latents (C, H, W). `predict` reads what
// goes into the network at each of the timesteps (comma-separated), (N, C, H,
// W), and writes what comes out, (N, 2, C, H, W), the unconditional half first.
// Files hold float32 values, row-major, and nothing else.
#include <ATen/ATen.h>

#include <exception>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/file.h"
#include "bundle/manifest.h"
#include "diffusion/unet.h"
#include "gloce/diffusion/pipeline.h"
#include "gloce/erasure/erased_denoiser.h"
#include "gloce/erasure/eraser_file.h"

namespace {

using Arguments = std::vector<std::string>;

std::unique_ptr<gloce::Denoiser> MakeDenoiser(const gloce::Pipeline& pipeline,
                                              const std::string& erasers) {
  if (erasers == "-") {
    return std::make_unique<gloce::Unet>(pipeline.bundle(),
                                         pipeline.placement());
  }
  return std::make_unique<gloce::ErasedDenoiser>(
      pipeline.bundle(), pipeline.placement(), gloce::ReadErasers(erasers),
      1.0);
}

void Write(const std::string& path, const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kCPU, at::kFloat).contiguous();
  gloce::WriteFileAtomically(
      path, {static_cast<const char*>(values.data_ptr()), values.nbytes()});
}

void Sample(const Arguments& a) {
  gloce::Placement placement;
  if (a.size() > 8) placement = gloce::ParsePlacement(a.at(8), a.at(9));
  gloce::Pipeline pipeline(a.at(0), placement);
  const auto denoiser = MakeDenoiser(pipeline, a.at(1));
  gloce::SamplingSettings settings;
  settings.num_inference_steps = std::stoll(a.at(3));
  settings.guidance_scale = std::stod(a.at(4));
  int64_t width = 0;
  int64_t height = 0;
  pipeline.CheckSize(width, height);
  const auto scheduler = pipeline.MakeScheduler(a.at(2));
  Write(a.at(7), pipeline.Sample(*denoiser, *scheduler,
                                 {{a.at(6), "", std::stoll(a.at(5))}}, width,
                                 height, settings));
}

void Predict(const Arguments& a) {
  gloce::Pipeline pipeline(a.at(0), {});
  const auto denoiser = MakeDenoiser(pipeline, a.at(1));
  const gloce::Conditioning conditioning{
      .encoder_hidden_states = pipeline.EncodePrompts({"", a.at(2)}),
      .num_unconditional = 1};

  std::vector<double> timesteps;
  std::istringstream list(a.at(3));
  for (std::string item; std::getline(list, item, ',');)
    timesteps.push_back(std::stod(item));

  const gloce::LatentSpec& spec = pipeline.bundle().manifest().latent;
  std::string bytes = gloce::ReadFile(a.at(4));
  const std::vector<int64_t> shape = {static_cast<int64_t>(timesteps.size()), 1,
                                      spec.channels, spec.sample_size,
                                      spec.sample_size};
  const at::Tensor inputs = at::from_blob(bytes.data(), shape);
  if (inputs.nbytes() != bytes.size()) throw std::runtime_error("IN: size");
  std::vector<at::Tensor> outputs;
  for (size_t n = 0; n < timesteps.size(); ++n) {
    outputs.push_back(
        denoiser->Predict(inputs[static_cast<int64_t>(n)].repeat({2, 1, 1, 1}),
                          timesteps[n], conditioning));
  }
  Write(a.at(5), at::stack(outputs));
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments(argv + 1, argv + argc);
  try {
    if ((arguments.size() == 9 || arguments.size() == 11) &&
        arguments[0] == "sample") {
      Sample({arguments.begin() + 1, arguments.end()});
    } else if (arguments.size() == 7 && arguments[0] == "predict") {
      Predict({arguments.begin() + 1, arguments.end()});
    } else {
      std::cerr << "usage: see the head of latents_main.cc\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
