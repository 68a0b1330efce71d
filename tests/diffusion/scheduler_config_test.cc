#include "gloce/diffusion/scheduler_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "diffusion/scheduler_golden.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string MessageFor(const std::string& json_text) {
  try {
    SchedulerConfig::FromJson(json_text, "s.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(SchedulerConfigTest, ReadsEveryField) {
  const SchedulerConfig config = SchedulerConfig::FromJson(
      R"({"_class_name": "PNDMScheduler", "_diffusers_version": "0.42.1",
          "num_train_timesteps": 3, "beta_start": 0.01, "beta_end": 0.02,
          "beta_schedule": "squaredcos_cap_v2",
          "trained_betas": [0.1, 0.2, 1], "prediction_type": "sample",
          "steps_offset": 2, "timestep_spacing": "trailing",
          "set_alpha_to_one": false, "clip_sample": false,
          "clip_sample_range": 2.5, "rescale_betas_zero_snr": true,
          "skip_prk_steps": true, "use_karras_sigmas": true,
          "thresholding": true, "use_exponential_sigmas": true,
          "use_beta_sigmas": true, "use_flow_sigmas": true,
          "use_lu_lambdas": true, "final_sigmas_type": "sigma_min",
          "sigma_min": 0.03, "sigma_max": 14.6, "solver_type": "heun",
          "lower_order_final": false, "euler_at_final": true,
          "lambda_min_clipped": -5.1, "interpolation_type": "log_linear",
          "timestep_type": "continuous", "algorithm_type": "sde-dpmsolver",
          "solver_order": 3, "variance_type": "learned"})",
      "s.json");
  EXPECT_EQ(config.origin, "s.json");
  EXPECT_EQ(config.class_name, "PNDMScheduler");
  EXPECT_EQ(config.num_train_timesteps, 3);
  EXPECT_EQ(config.beta_start, 0.01);
  EXPECT_EQ(config.beta_end, 0.02);
  EXPECT_EQ(config.beta_schedule, BetaSchedule::kSquaredCosCapV2);
  EXPECT_THAT(config.trained_betas, ElementsAre(0.1, 0.2, 1.0));
  EXPECT_EQ(config.prediction_type, PredictionType::kSample);
  EXPECT_EQ(config.steps_offset, 2);
  EXPECT_EQ(config.timestep_spacing, TimestepSpacing::kTrailing);
  EXPECT_EQ(config.set_alpha_to_one, false);
  EXPECT_FALSE(config.clip_sample);
  EXPECT_EQ(config.clip_sample_range, 2.5);
  EXPECT_TRUE(config.rescale_betas_zero_snr);
  EXPECT_TRUE(config.skip_prk_steps);
  EXPECT_TRUE(config.use_karras_sigmas);
  EXPECT_TRUE(config.thresholding);
  EXPECT_TRUE(config.use_exponential_sigmas);
  EXPECT_TRUE(config.use_beta_sigmas);
  EXPECT_TRUE(config.use_flow_sigmas);
  EXPECT_TRUE(config.use_lu_lambdas);
  EXPECT_EQ(config.final_sigmas_type, FinalSigma::kSigmaMin);
  EXPECT_EQ(config.sigma_min, 0.03);
  EXPECT_EQ(config.sigma_max, 14.6);
  EXPECT_EQ(config.solver_type, "heun");
  EXPECT_FALSE(config.lower_order_final);
  EXPECT_TRUE(config.euler_at_final);
  EXPECT_EQ(config.lambda_min_clipped, -5.1);
  EXPECT_EQ(config.interpolation_type, "log_linear");
  EXPECT_EQ(config.timestep_type, "continuous");
  EXPECT_EQ(config.algorithm_type, "sde-dpmsolver");
  EXPECT_EQ(config.solver_order, 3);
  EXPECT_EQ(config.variance_type, "learned");
}

TEST(SchedulerConfigTest, NullIsNoValue) {
  const SchedulerConfig config = SchedulerConfig::FromJson(
      R"({"sigma_min": null, "sigma_max": null, "variance_type": null,
          "lambda_min_clipped": null, "trained_betas": null})",
      "s.json");
  EXPECT_FALSE(config.sigma_min.has_value());
  EXPECT_FALSE(config.sigma_max.has_value());
  EXPECT_FALSE(config.lambda_min_clipped.has_value());
  EXPECT_EQ(config.variance_type, "");
}

TEST(SchedulerConfigTest, AnEmptyConfigHasTheDefaultsOfTheStruct) {
  const SchedulerConfig config = SchedulerConfig::FromJson("{}", "s.json");
  const SchedulerConfig defaults;
  EXPECT_EQ(config.num_train_timesteps, defaults.num_train_timesteps);
  EXPECT_EQ(config.beta_start, defaults.beta_start);
  EXPECT_EQ(config.beta_end, defaults.beta_end);
  EXPECT_EQ(config.beta_schedule, BetaSchedule::kLinear);
  EXPECT_EQ(config.prediction_type, PredictionType::kEpsilon);
  EXPECT_THAT(config.trained_betas, IsEmpty());
  EXPECT_FALSE(config.timestep_spacing.has_value());
  EXPECT_FALSE(config.set_alpha_to_one.has_value());
  EXPECT_TRUE(config.clip_sample);
}

TEST(SchedulerConfigTest, DefaultsThatDiffusersFilledInCountAsAbsent) {
  const SchedulerConfig config = SchedulerConfig::FromJson(
      R"({"timestep_spacing": "leading", "steps_offset": 1,
          "_use_default_values": ["timestep_spacing", "solver_order"]})",
      "s.json");
  EXPECT_FALSE(config.timestep_spacing.has_value());
  EXPECT_EQ(config.steps_offset, 1);
}

TEST(SchedulerConfigTest, FieldsOfOtherSchedulersAndPrivateKeysHaveNoEffect) {
  EXPECT_EQ(MessageFor(R"({"solver_p": null, "flow_shift": 1.0,
                           "predict_x0": true, "_anything": [1]})"),
            "no error");
}

TEST(SchedulerConfigTest, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "s.json: got array, expected an object"},
      {R"({"steps_offset": )", "s.json: not valid JSON"},
      {R"({"step_offset": 1})",
       R"(s.json: unknown key "step_offset"; did you mean "steps_offset"?)"},
      {R"({"num_train_timesteps": 1})",
       "s.json: num_train_timesteps: got 1, expected 2 to 1000000"},
      {R"({"num_train_timesteps": 1e3})",
       "s.json: num_train_timesteps: got 1000.0, expected an integer"},
      {R"({"num_train_timesteps": 99999999999})",
       "num_train_timesteps: got 99999999999, expected 2 to 1000000"},
      {R"({"beta_start": 0})",
       "s.json: beta_start: got 0.0, expected a number above 0 and below 1"},
      {R"({"beta_end": 1.5})",
       "s.json: beta_end: got 1.5, expected a number above 0 and below 1"},
      {R"({"beta_schedule": "sigmoid"})",
       "s.json: beta_schedule: got \"sigmoid\", expected one of linear, "
       "scaled_linear, squaredcos_cap_v2"},
      {R"({"prediction_type": "flow_prediction"})",
       "s.json: prediction_type: got \"flow_prediction\", expected one of "
       "epsilon, v_prediction, sample"},
      {R"({"timestep_spacing": "even"})",
       "s.json: timestep_spacing: got \"even\", expected one of leading, "
       "trailing, linspace"},
      {R"({"final_sigmas_type": "one"})",
       "s.json: final_sigmas_type: got \"one\", expected one of zero, "
       "sigma_min"},
      {R"({"sigma_min": 0})",
       "s.json: sigma_min: got 0.0, expected a number above 0 or null"},
      {R"({"steps_offset": -1})",
       "s.json: steps_offset: got -1, expected 0 to 999"},
      {R"({"clip_sample": "no"})",
       "s.json: clip_sample: got \"no\", expected true or false"},
      {R"({"clip_sample_range": 0})",
       "s.json: clip_sample_range: got 0.0, expected a number above 0"},
      {R"({"trained_betas": [0.1, 0.2]})",
       "s.json: trained_betas: got 2 items, expected num_train_timesteps = "
       "1000"},
      {R"({"trained_betas": [0.1, -2], "num_train_timesteps": 2})",
       "s.json: trained_betas: item 1: got -2, expected a number above 0 and "
       "at most 1"},
      {R"({"trained_betas": [], "num_train_timesteps": 2})",
       "s.json: trained_betas: got 0 items"},
      {R"({"_use_default_values": [1]})", "expected an array of strings"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(MessageFor(text), HasSubstr(message)) << text;
  }
}

}  // namespace
}  // namespace gloce
