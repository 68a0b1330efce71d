#include "gloce/diffusion/scheduler_config.h"

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/json.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;

// Fields of diffusers' other schedulers that sample from a table of betas, and
// of versions long gone. They change nothing in ours; configs carry them along
// when a pipeline's scheduler was exchanged.
constexpr std::array kIgnoredFields = {
    "disable_corrector",
    "dynamic_thresholding_ratio",
    "flow_shift",
    "noise_sampler_seed",
    "predict_x0",
    "rho",
    "sample_max_value",
    "shift_terminal",
    "sigma_data",
    "sigma_schedule",
    "solver_p",
    "tensor_format",
    "time_shift_type",
    "timestep_values",
    "use_dynamic_shifting",
};

template <typename Enum>
using Spellings = std::vector<std::pair<const char*, Enum>>;

const Spellings<BetaSchedule>& BetaSchedules() {
  static const Spellings<BetaSchedule> spellings = {
      {"linear", BetaSchedule::kLinear},
      {"scaled_linear", BetaSchedule::kScaledLinear},
      {"squaredcos_cap_v2", BetaSchedule::kSquaredCosCapV2}};
  return spellings;
}

const Spellings<PredictionType>& PredictionTypes() {
  static const Spellings<PredictionType> spellings = {
      {"epsilon", PredictionType::kEpsilon},
      {"v_prediction", PredictionType::kVPrediction},
      {"sample", PredictionType::kSample}};
  return spellings;
}

const Spellings<TimestepSpacing>& TimestepSpacings() {
  static const Spellings<TimestepSpacing> spellings = {
      {"leading", TimestepSpacing::kLeading},
      {"trailing", TimestepSpacing::kTrailing},
      {"linspace", TimestepSpacing::kLinspace}};
  return spellings;
}

const Spellings<FinalSigma>& FinalSigmas() {
  static const Spellings<FinalSigma> spellings = {
      {"zero", FinalSigma::kZero}, {"sigma_min", FinalSigma::kSigmaMin}};
  return spellings;
}

template <typename Enum>
Enum ParseEnum(JsonObject& object, const std::string& key,
               const Spellings<Enum>& spellings) {
  const std::string got = object.String(key);
  std::string known;
  for (const auto& [spelling, value] : spellings) {
    if (got == spelling) return value;
    known += (known.empty() ? "" : ", ") + std::string(spelling);
  }
  throw Error(object.place() + ": " + key + ": got \"" + got +
              "\", expected one of " + known);
}

double PositiveNumber(JsonObject& object, const std::string& key,
                      double otherwise, double below) {
  const double value = object.Number(key, otherwise);
  if (value > 0.0 && value < below) return value;
  throw Error(object.place() + ": " + key + ": got " + json(value).dump() +
              ", expected a number above 0" +
              (std::isinf(below) ? "" : " and below " + json(below).dump()));
}

// null is no value.
std::optional<double> OptionalNumber(JsonObject& object,
                                     const std::string& key) {
  if (!object.Has(key) || object.Any(key).is_null()) return std::nullopt;
  return object.Number(key);
}

std::string OptionalString(JsonObject& object, const std::string& key,
                           const std::string& otherwise) {
  if (!object.Has(key) || object.Any(key).is_null()) return otherwise;
  return object.String(key);
}

std::vector<double> TrainedBetas(JsonObject& object,
                                 int64_t num_train_timesteps) {
  const std::string key = "trained_betas";
  if (!object.Has(key) || object.Any(key).is_null()) return {};
  const std::string place = object.place() + ": " + key;
  std::vector<double> betas;
  for (const json& item : object.Array(key)) {
    // 1 is what zero terminal SNR asks for at the last timestep.
    if (!item.is_number() || !(item.get<double>() > 0.0) ||
        item.get<double>() > 1.0) {
      throw Error(place + ": item " + std::to_string(betas.size()) + ": got " +
                  item.dump() + ", expected a number above 0 and at most 1");
    }
    betas.push_back(item.get<double>());
  }
  if (static_cast<int64_t>(betas.size()) != num_train_timesteps) {
    throw Error(place + ": got " + std::to_string(betas.size()) +
                " items, expected num_train_timesteps = " +
                std::to_string(num_train_timesteps));
  }
  return betas;
}

// diffusers notes here which fields were not in the config that a scheduler
// was made from; they give way to the next class's defaults.
void DropDefaults(json& root, const std::string& origin) {
  if (!root.is_object() || !root.contains("_use_default_values")) return;
  JsonObject object(root, origin);
  for (const std::string& key : object.Strings("_use_default_values")) {
    root.erase(key);
  }
}

void ReadSchedule(JsonObject& object, SchedulerConfig& config) {
  const std::string count = "num_train_timesteps";
  config.num_train_timesteps =
      object.Integer(count, config.num_train_timesteps);
  // Far above any model's; it bounds the tables that a broken file can ask for.
  constexpr int64_t kMost = 1000000;
  if (config.num_train_timesteps < 2 || config.num_train_timesteps > kMost) {
    throw Error(object.place() + ": " + count + ": got " +
                std::to_string(config.num_train_timesteps) +
                ", expected 2 to " + std::to_string(kMost));
  }
  config.beta_start =
      PositiveNumber(object, "beta_start", config.beta_start, 1.0);
  config.beta_end = PositiveNumber(object, "beta_end", config.beta_end, 1.0);
  config.trained_betas = TrainedBetas(object, config.num_train_timesteps);
  if (object.Has("beta_schedule")) {
    config.beta_schedule = ParseEnum(object, "beta_schedule", BetaSchedules());
  }
  config.rescale_betas_zero_snr =
      object.Bool("rescale_betas_zero_snr", config.rescale_betas_zero_snr);
}

void ReadTimesteps(JsonObject& object, SchedulerConfig& config) {
  if (object.Has("timestep_spacing")) {
    config.timestep_spacing =
        ParseEnum(object, "timestep_spacing", TimestepSpacings());
  }
  config.steps_offset = object.Integer("steps_offset", config.steps_offset);
  if (config.steps_offset < 0 ||
      config.steps_offset >= config.num_train_timesteps) {
    throw Error(object.place() + ": steps_offset: got " +
                std::to_string(config.steps_offset) + ", expected 0 to " +
                std::to_string(config.num_train_timesteps - 1));
  }
  config.skip_prk_steps = object.Bool("skip_prk_steps", config.skip_prk_steps);
  config.timestep_type = object.String("timestep_type", config.timestep_type);
}

void ReadSigmas(JsonObject& object, SchedulerConfig& config) {
  config.use_karras_sigmas =
      object.Bool("use_karras_sigmas", config.use_karras_sigmas);
  config.use_exponential_sigmas =
      object.Bool("use_exponential_sigmas", config.use_exponential_sigmas);
  config.use_beta_sigmas =
      object.Bool("use_beta_sigmas", config.use_beta_sigmas);
  config.use_flow_sigmas =
      object.Bool("use_flow_sigmas", config.use_flow_sigmas);
  config.use_lu_lambdas = object.Bool("use_lu_lambdas", config.use_lu_lambdas);
  config.interpolation_type =
      object.String("interpolation_type", config.interpolation_type);
  if (object.Has("final_sigmas_type")) {
    config.final_sigmas_type =
        ParseEnum(object, "final_sigmas_type", FinalSigmas());
  }
  config.sigma_min = OptionalNumber(object, "sigma_min");
  config.sigma_max = OptionalNumber(object, "sigma_max");
  for (const auto& [key, sigma] : {std::pair("sigma_min", config.sigma_min),
                                   std::pair("sigma_max", config.sigma_max)}) {
    if (sigma && !(*sigma > 0.0)) {
      throw Error(object.place() + ": " + key + ": got " + json(*sigma).dump() +
                  ", expected a number above 0 or null");
    }
  }
}

void ReadSolver(JsonObject& object, SchedulerConfig& config) {
  config.algorithm_type =
      object.String("algorithm_type", config.algorithm_type);
  config.solver_order = object.Integer("solver_order", config.solver_order);
  config.solver_type = object.String("solver_type", config.solver_type);
  config.lower_order_final =
      object.Bool("lower_order_final", config.lower_order_final);
  config.euler_at_final = object.Bool("euler_at_final", config.euler_at_final);
  config.lambda_min_clipped = OptionalNumber(object, "lambda_min_clipped");
  config.variance_type = OptionalString(object, "variance_type", "");
}

void ReadPrediction(JsonObject& object, SchedulerConfig& config) {
  if (object.Has("prediction_type")) {
    config.prediction_type =
        ParseEnum(object, "prediction_type", PredictionTypes());
  }
  if (object.Has("set_alpha_to_one")) {
    config.set_alpha_to_one = object.Bool("set_alpha_to_one");
  }
  config.clip_sample = object.Bool("clip_sample", config.clip_sample);
  config.clip_sample_range =
      PositiveNumber(object, "clip_sample_range", config.clip_sample_range,
                     std::numeric_limits<double>::infinity());
  config.thresholding = object.Bool("thresholding", config.thresholding);
}

}  // namespace

SchedulerConfig SchedulerConfig::FromJson(const std::string& json_text,
                                          const std::string& origin) {
  json root = ParseJson(json_text, origin);
  DropDefaults(root, origin);
  JsonObject object(root, origin);
  SchedulerConfig config;
  config.origin = origin;
  config.class_name = object.String("_class_name", "");
  ReadSchedule(object, config);
  ReadTimesteps(object, config);
  ReadPrediction(object, config);
  ReadSigmas(object, config);
  ReadSolver(object, config);
  for (const std::string& key : object.Keys()) {
    if (key.starts_with('_')) object.Any(key);
  }
  for (const char* key : kIgnoredFields) {
    if (object.Has(key)) object.Any(key);
  }
  object.Finish();
  return config;
}

}  // namespace gloce
