#include "text/text_encoder.h"

#include <ATen/ATen.h>

#include "bundle/manifest.h"
#include "gloce/base/error.h"
#include "gloce/bundle/bundle.h"

namespace gloce {

TextEncoder::TextEncoder(const Bundle& bundle, const Placement& placement)
    : module_(bundle.LoadNetwork("text_encoder")),
      device_(placement.device),
      width_(bundle.manifest().text.width) {
  const TextSpec& text = bundle.manifest().text;
  module_.CheckWeight("token_embedding.weight", 1, text.width, "text.width");
  module_.CheckCapacity("position_embedding.weight", 0, text.max_length,
                        "text.max_length");
  module_.Prepare(placement);
}

at::Tensor TextEncoder::Encode(const at::Tensor& input_ids) {
  at::Tensor states = module_.Run({input_ids.to(device_)});
  if (states.dim() != 3 || states.size(0) != input_ids.size(0) ||
      states.size(1) != input_ids.size(1) || states.size(2) != width_) {
    throw Error(module_.path() + ": its output does not have the width " +
                std::to_string(width_) + " that bundle.json states");
  }
  return states;
}

}  // namespace gloce
