// What a call of a denoiser takes, measured.
#pragma once

#include <functional>

#include "gloce/diffusion/sampler.h"

namespace gloce {

// Seconds of a call: of three, after two that warm up. `sample` runs with the
// given settings, which stop it after so many calls, and returns when the
// device is done, as SampleLatents does. Of `settings` last_call and on_call
// are replaced, and interrupted hears that nothing is worth finishing. Throws
// what `sample` throws.
double MeasureSecondsPerCall(
    SamplingSettings settings,
    const std::function<void(const SamplingSettings&)>& sample);

}  // namespace gloce
