// What the user can turn where sampling fails.
#pragma once

#include <functional>
#include <string>

namespace gloce {

// What a command says after the bare fact: "lower --guidance".
struct SamplingAdvice {
  std::string out_of_memory;
  std::string not_finite;
};

// Runs `work`. OutOfMemory and NotFinite become Error with the advice at their
// end, what LibTorch throws Error that begins with `place`; all other Errors
// pass.
void WithAdvice(const SamplingAdvice& advice, const std::string& place,
                const std::function<void()>& work);

// What a picture whose latents are not finite failed for, with the advice.
std::string NotFiniteText(const SamplingAdvice& advice);

// Of generate, for `num_images` pictures in one batch.
SamplingAdvice AdviceForPictures(size_t num_images, int64_t width,
                                 int64_t height, bool erases);

// Of build.
SamplingAdvice AdviceForBuild(int64_t batch_size);

}  // namespace gloce
