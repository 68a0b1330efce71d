#include "eval/picture_network.h"

#include <ATen/ATen.h>

#include <utility>

#include "eval/resize.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// uint8 (1, 3, H, W), a view into `picture`.
at::Tensor PixelsOf(const RgbPicture& picture) {
  auto* values = const_cast<uint8_t*>(picture.rgb.data());  // never written to
  return at::from_blob(values, {1, picture.height, picture.width, 3}, at::kByte)
      .permute({0, 3, 1, 2});
}

}  // namespace

at::Tensor PreparePicture(const RgbPicture& picture,
                          const EvaluatorInput& input) {
  const auto to_unit = [](const at::Tensor& pixels) {
    return pixels.to(at::kFloat).div(255).squeeze(0).contiguous();
  };
  switch (input.fit) {
    case EvaluatorInput::Fit::kStretch:
      return to_unit(ResizeBicubic(PixelsOf(picture).to(at::kFloat), input.size,
                                   input.size));
    case EvaluatorInput::Fit::kCrop:
      return to_unit(PixelsOf(ResizeAndCrop(picture, input.shorter, input.size,
                                            input.floors_crop)));
    case EvaluatorInput::Fit::kNone:
      break;
  }
  return to_unit(PixelsOf(picture));
}

PictureNetwork::PictureNetwork(TorchModule module, const EvaluatorInput& input,
                               const Placement& placement)
    : module_(std::move(module)), input_(input), device_(placement.device) {
  // It judges in float32, whatever made the pictures.
  module_.Prepare({placement.device, at::kFloat});
}

at::Tensor PictureNetwork::Run(const std::vector<RgbPicture>& pictures) {
  std::vector<at::Tensor> outputs;
  for (size_t begin = 0; begin < pictures.size();) {
    std::vector<at::Tensor> alike;
    at::IntArrayRef sizes;
    for (size_t i = begin; i < pictures.size(); ++i) {
      at::Tensor prepared = PreparePicture(pictures[i], input_);
      if (!alike.empty() && prepared.sizes() != sizes) break;
      alike.push_back(std::move(prepared));
      sizes = alike[0].sizes();
    }
    begin += alike.size();
    outputs.push_back(RunAlike(alike));
  }
  return at::cat(outputs);
}

at::Tensor PictureNetwork::RunAlike(const std::vector<at::Tensor>& alike) {
  const at::Tensor pixels = at::stack(alike).to(device_);
  const at::Tensor output = module_.Run({pixels}).to(at::kFloat).cpu();
  const auto batch = static_cast<int64_t>(alike.size());
  if (output.dim() != 2 || output.size(0) != batch) {
    throw Error(path() +
                ": its output has another shape than (pictures, "
                "numbers); export it with scripts/export_evaluator.py");
  }
  if (!output.isfinite().all().item<bool>())
    throw Error(path() + ": gives values that are not finite");
  return output;
}

}  // namespace gloce
