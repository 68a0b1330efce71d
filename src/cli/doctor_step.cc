#include "cli/doctor_step.h"

#include <ATen/ATen.h>

#include <cstdio>

#include "base/stopwatch.h"
#include "bundle/manifest.h"
#include "bundle/torch_error.h"
#include "diffusion/unet.h"
#include "gloce/base/error.h"
#include "gloce/diffusion/pipeline.h"
#include "gloce/diffusion/scheduler.h"
#include "gloce/erasure/erased_denoiser.h"

namespace gloce {
namespace {

constexpr const char* kPrompt = "a photo of a cat";
constexpr int64_t kSteps = 50;

std::string Short(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

// Keeps what the denoiser behind it predicts.
class Recorder final : public Denoiser {
 public:
  explicit Recorder(Denoiser& denoiser) : denoiser_(denoiser) {}

  at::Tensor Predict(const at::Tensor& latents, double timestep,
                     const Conditioning& conditioning) override {
    prediction_ = denoiser_.Predict(latents, timestep, conditioning);
    return prediction_;
  }

  const at::Tensor& prediction() const { return prediction_; }

 private:
  Denoiser& denoiser_;
  at::Tensor prediction_;
};

// The first step of a picture. Returns the prediction (2, C, H, W) in float32
// on the CPU. Throws Error, also if values are not finite.
at::Tensor TakeStep(Pipeline& pipeline, Denoiser& denoiser) {
  int64_t width = 0, height = 0;
  pipeline.CheckSize(width, height);
  Recorder recorder(denoiser);
  const auto scheduler = pipeline.MakeScheduler("");
  SamplingSettings settings;
  settings.num_inference_steps = kSteps;
  settings.last_call = 0;
  pipeline.Sample(recorder, *scheduler, {{kPrompt, "", 0}}, width, height,
                  settings);
  return recorder.prediction().to(at::kCPU, at::kFloat);
}

enum class Gates { kNone, kClosed, kOpen };

// Erasers of one concept that puts 0 in the place of a token, or of none. p(x)
// is in [0, 1], and the gates' threshold above or below.
Erasers TestErasers(const BundleManifest& manifest, Gates gates) {
  Erasers erasers;
  erasers.model_identity = manifest.model_identity;
  if (gates != Gates::kNone) {
    ConceptInfo info;
    info.settings.name = "self-test";
    info.gate_start_timestep = 1e9;  // from the first step on
    erasers.concepts = {info};
  }
  for (const HookPoint& hook : manifest.hooks) {
    const int64_t d = hook.width;
    LayerErasers layer;
    layer.path = hook.path;
    layer.width = d;
    layer.map_up = at::zeros({1, d, 1});
    layer.map_down = at::zeros({1, 1, d});
    layer.mapping_mean = at::zeros({1, d});
    layer.target_mean = at::zeros({1, d});
    layer.gate_basis = at::eye(d, 1).unsqueeze(0);
    layer.surrogate_mean = at::zeros({1, d});
    layer.gate_center = at::full({1}, gates == Gates::kOpen ? -1.0 : 2.0);
    layer.gate_slope = at::full({1}, 1000.0);
    erasers.layers.push_back(std::move(layer));
  }
  return erasers;
}

// ‖a − b‖ / ‖b‖
double RelativeDifference(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

// What rounding may make of a prediction.
double Tolerance(c10::ScalarType dtype) {
  switch (dtype) {
    case c10::ScalarType::Half:
      return 2e-2;
    case c10::ScalarType::BFloat16:
      return 1e-1;
    default:
      return 5e-3;  // convolutions on GPUs may use TF32
  }
}

Finding CheckClosedGates(Pipeline& pipeline, ErasedDenoiser& denoiser,
                         const at::Tensor& plain, const at::Tensor& closed) {
  Finding finding{"closed gates", Health::kOk,
                  "erasers that see nothing of "
                  "theirs change no bit"};
  if (at::equal(closed, plain)) return finding;
  const double difference = RelativeDifference(closed, plain);
  denoiser.SetErasers(TestErasers(pipeline.bundle().manifest(), Gates::kNone));
  const double between_runs =
      RelativeDifference(TakeStep(pipeline, denoiser), plain);
  finding.values = {{"difference", difference},
                    {"difference_between_runs", between_runs}};
  if (between_runs > 0 && difference <= 10 * between_runs) {
    finding.health = Health::kWarning;
    finding.message =
        "a step does not repeat to the bit here, without erasers "
        "neither (relative difference " +
        Short(between_runs) + ")";
    finding.advice = "two runs may differ in their last bits";
  } else {
    finding.health = Health::kFailed;
    finding.message =
        "erasers that see nothing of theirs change the "
        "prediction, relatively by " +
        Short(difference);
    finding.advice = "this is a fault of gloce or LibTorch; please report it";
  }
  return finding;
}

Finding CheckOpenGates(ErasedDenoiser& denoiser, const at::Tensor& plain,
                       const at::Tensor& open) {
  const double share = denoiser.TakeGateActivity().min().item<double>();
  Finding finding{"open gates",
                  Health::kOk,
                  "erasers act on every token of every hook point",
                  "",
                  {{"share_of_tokens", share}}};
  if (share < 1 || at::equal(open, plain)) {
    finding.health = Health::kFailed;
    finding.message = "erasers that should act on every token act on " +
                      Short(100 * share) + " % of them";
    finding.advice = "export the pipeline again with scripts/export_bundle.py";
  }
  return finding;
}

Finding CheckAgreement(const std::string& model, const Placement& placement,
                       const at::Tensor& prediction) {
  Pipeline pipeline(model, {});
  Unet denoiser(pipeline.bundle(), pipeline.placement());
  const double difference =
      RelativeDifference(prediction, TakeStep(pipeline, denoiser));
  Finding finding{
      "agreement",
      Health::kOk,
      "with the CPU in float32, relative difference " + Short(difference),
      "",
      {{"difference", difference}, {"tolerance", Tolerance(placement.dtype)}}};
  if (!(difference <= Tolerance(placement.dtype))) {
    finding.health = Health::kFailed;
    finding.message += ", more than " + Short(Tolerance(placement.dtype));
    finding.advice =
        placement.dtype == c10::ScalarType::Float
            ? "is the driver right for this GPU? --device cpu works"
            : "use --dtype float32";
  }
  return finding;
}

// Appends to `findings` as it goes. `check` is what it is at.
void RunChecks(const std::string& model, const Placement& placement,
               std::string& check, Findings& findings) {
  check = "networks";
  const Stopwatch loading;
  Pipeline pipeline(model, placement);
  const BundleManifest& manifest = pipeline.bundle().manifest();
  pipeline.EncodePrompts({"", kPrompt});
  pipeline.LoadDecoder();
  ErasedDenoiser denoiser(pipeline.bundle(), placement,
                          TestErasers(manifest, Gates::kNone));
  findings.push_back({check,
                      Health::kOk,
                      "text encoder, U-Net and decoder loaded, " +
                          placement.device.str() + " in " +
                          DtypeName(placement.dtype),
                      "",
                      {{"device", placement.device.str()},
                       {"dtype", DtypeName(placement.dtype)},
                       {"seconds", loading.Seconds()}}});

  check = "step";
  const at::Tensor plain = TakeStep(pipeline, denoiser);
  denoiser.SetErasers(TestErasers(manifest, Gates::kClosed));
  const Stopwatch step;  // what the first step pays once is paid
  const at::Tensor closed = TakeStep(pipeline, denoiser);
  const double seconds = step.Seconds();
  findings.push_back({check,
                      Health::kOk,
                      Short(seconds) +
                          " s for a step of one picture, every value finite, "
                          "every hook point reached",
                      "",
                      {{"seconds", seconds}}});

  check = "closed gates";
  findings.push_back(CheckClosedGates(pipeline, denoiser, plain, closed));
  check = "open gates";
  denoiser.SetErasers(TestErasers(manifest, Gates::kOpen));
  const at::Tensor open = TakeStep(pipeline, denoiser);
  findings.push_back(CheckOpenGates(denoiser, plain, open));
  if (placement.device.is_cpu() && placement.dtype == c10::ScalarType::Float)
    return;
  check = "agreement";
  findings.push_back(CheckAgreement(model, placement, plain));
}

}  // namespace

Findings CheckStep(const std::string& model, const Placement& placement) {
  Findings findings;
  std::string check;
  try {
    RunChecks(model, placement, check, findings);
  } catch (const std::exception& error) {
    findings.push_back({check, Health::kFailed, TorchMessage(error)});
  }
  return findings;
}

}  // namespace gloce
