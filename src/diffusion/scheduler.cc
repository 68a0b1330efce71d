#include "gloce/diffusion/scheduler.h"

#include <ATen/ATen.h>

#include <array>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "base/join.h"
#include "diffusion/ddim.h"
#include "diffusion/dpmpp_2m.h"
#include "diffusion/euler.h"
#include "diffusion/lms.h"
#include "diffusion/pndm.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

template <typename T>
std::unique_ptr<Scheduler> Make(const SchedulerConfig& config) {
  return std::make_unique<T>(config);
}

struct Entry {
  const char* name;
  const char* class_name;  // in diffusers
  std::unique_ptr<Scheduler> (*make)(const SchedulerConfig&);
  bool has_karras;
};

constexpr const char* kKarras = "_karras";
constexpr std::array<Entry, 5> kEntries = {{
    {"ddim", "DDIMScheduler", &Make<DdimScheduler>, false},
    {"pndm", "PNDMScheduler", &Make<PndmScheduler>, false},
    {"lms", "LMSDiscreteScheduler", &Make<LmsScheduler>, true},
    {"euler", "EulerDiscreteScheduler", &Make<EulerScheduler>, true},
    {"dpmpp_2m", "DPMSolverMultistepScheduler", &Make<Dpmpp2mScheduler>, true},
}};

std::string KnownNames() { return Join(SchedulerNames()); }

std::string Shape(const at::Tensor& tensor) {
  std::ostringstream out;
  out << tensor.sizes();
  return out.str();
}

}  // namespace

Scheduler::Scheduler(std::string name, const SchedulerConfig& config,
                     std::vector<float> alphas_cumprod)
    : name_(std::move(name)),
      config_(config),
      alphas_cumprod_(std::move(alphas_cumprod)) {}

void Scheduler::SetTimesteps(int64_t num_inference_steps) {
  if (num_inference_steps < 1 || num_inference_steps > num_train_timesteps()) {
    throw UsageError("num_inference_steps: got " +
                     std::to_string(num_inference_steps) + ", expected 1 to " +
                     std::to_string(num_train_timesteps()));
  }
  timesteps_.clear();  // no Step may follow if BeginRun throws
  timesteps_ = BeginRun(num_inference_steps);
  num_inference_steps_ = num_inference_steps;
  next_step_ = 0;
}

at::Tensor Scheduler::ScaleModelInput(const at::Tensor& latents,
                                      size_t /*step_index*/) const {
  return latents;
}

at::Tensor Scheduler::Step(const at::Tensor& model_output, size_t step_index,
                           const at::Tensor& latents) {
  if (step_index != next_step_ || step_index >= timesteps_.size()) {
    throw std::logic_error("Scheduler::Step: got step " +
                           std::to_string(step_index) + ", expected step " +
                           std::to_string(next_step_) + " of " +
                           std::to_string(timesteps_.size()));
  }
  if (latents.scalar_type() != at::kFloat) {
    throw std::logic_error("Scheduler::Step: latents are not float32");
  }
  if (model_output.sizes() != latents.sizes()) {
    throw Error("denoiser: output: got shape " + Shape(model_output) +
                ", expected " + Shape(latents) + " like the latents");
  }
  at::Tensor next =
      StepInOrder(model_output.to(latents.scalar_type()), step_index, latents);
  ++next_step_;
  return next;
}

std::vector<std::string> SchedulerNames() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) names.emplace_back(entry.name);
  for (const Entry& entry : kEntries) {
    if (entry.has_karras) names.push_back(std::string(entry.name) + kKarras);
  }
  return names;
}

std::unique_ptr<Scheduler> MakeScheduler(const std::string& name,
                                         const SchedulerConfig& config) {
  for (const Entry& entry : kEntries) {
    const bool chosen = name.empty() ? config.class_name == entry.class_name
                                     : name == entry.name;
    if (chosen) return entry.make(config);
    if (entry.has_karras && name == std::string(entry.name) + kKarras) {
      SchedulerConfig with_karras = config;
      with_karras.use_karras_sigmas = true;
      return entry.make(with_karras);
    }
  }
  if (!name.empty()) {
    throw UsageError("scheduler: got \"" + name + "\", expected one of " +
                     KnownNames());
  }
  throw UsageError(
      config.origin + ": scheduler class: got " +
      (config.class_name.empty() ? "none" : config.class_name) +
      ", which is not supported; choose a scheduler: " + KnownNames());
}

}  // namespace gloce
