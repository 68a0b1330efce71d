#include "cli/sampling_advice.h"

#include "bundle/torch_error.h"
#include "gloce/base/error.h"
#include "gloce/diffusion/sampler.h"

namespace gloce {

void WithAdvice(const SamplingAdvice& advice, const std::string& place,
                const std::function<void()>& work) {
  try {
    try {
      work();
    } catch (...) {
      RethrowAsError(place);
    }
  } catch (const OutOfMemory& error) {
    throw Error(std::string(error.what()) + "; " + advice.out_of_memory);
  } catch (const NotFinite& error) {
    throw Error(std::string(error.what()) + "; " + advice.not_finite);
  }
}

std::string NotFiniteText(const SamplingAdvice& advice) {
  return std::string(kNotFiniteLatents) + "; " + advice.not_finite;
}

SamplingAdvice AdviceForPictures(size_t num_images, int64_t width,
                                 int64_t height, bool erases) {
  const std::string batch = "this batch is " + std::to_string(num_images) +
                            (num_images == 1 ? " picture" : " pictures") +
                            " of " + std::to_string(width) + "x" +
                            std::to_string(height) + ": lower ";
  return {batch + (num_images > 1 ? "--batch-size, or " : "") +
              "--width and --height",
          erases ? "lower --guidance or --strength, use --dtype float32, or "
                   "look at the erasers' eta"
                 : "lower --guidance, or use --dtype float32"};
}

SamplingAdvice AdviceForBuild(int64_t batch_size) {
  const std::string size = "--batch-size is " + std::to_string(batch_size);
  return {batch_size > 1
              ? size + ": lower it"
              : size + " already: give --dtype bfloat16 or another --device",
          "lower --guidance, or use --dtype float32"};
}

}  // namespace gloce
