// Schedulers against diffusers: tests/data/golden/timesteps.json and
// trajectories.json record the commands and versions that made them.
#include "gloce/diffusion/scheduler.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;

json Golden(const std::string& name) {
  std::ifstream in(std::string(GLOCE_TEST_DATA) + "/golden/" + name);
  return json::parse(in);
}

std::unique_ptr<Scheduler> Make(const json& item) {
  return MakeScheduler(
      item.at("scheduler"),
      SchedulerConfig::FromJson(item.at("config").dump(), "golden"));
}

// FNV-1a over the little-endian bytes of the timesteps as float64.
std::string Digest(const std::vector<double>& values) {
  uint64_t hash = 0xcbf29ce484222325U;
  for (const double value : values) {
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; ++i) {
      hash = (hash ^ ((bits >> (8 * i)) & 0xFF)) * 0x100000001b3U;
    }
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, hash);
  return text;
}

TEST(SchedulerTest, TimestepsEqualDiffusersForEveryStepCount) {
  const json golden = Golden("timesteps.json");
  int compared = 0;
  for (const json& item : golden.at("cases")) {
    const auto scheduler = Make(item);
    const json& digests = item.at("fnv1a");
    for (size_t i = 0; i < digests.size(); ++i) {
      if (digests[i].is_null()) continue;  // diffusers refuses this step count
      const auto steps = static_cast<int64_t>(i) + 1;
      scheduler->SetTimesteps(steps);
      ASSERT_EQ(Digest(scheduler->timesteps()), digests[i].get<std::string>())
          << item.at("scheduler") << " " << item.at("config") << " " << steps;
      ++compared;
    }
  }
  EXPECT_GE(compared, 3 * 200);
}

TEST(SchedulerTest, TrajectoriesEqualDiffusers) {
  const json golden = Golden("trajectories.json");
  const auto start = golden.at("start_noise").get<std::vector<float>>();
  const at::Tensor noise =
      at::tensor(start).reshape({1, 1, 1, static_cast<int64_t>(start.size())});
  double worst = 0;
  for (const json& item : golden.at("cases")) {
    const auto scheduler = Make(item);
    scheduler->SetTimesteps(item.at("steps").get<int64_t>());
    ASSERT_EQ(scheduler->timesteps().size(),
              item.at("model_calls").get<size_t>());
    ASSERT_NEAR(scheduler->init_noise_sigma(),
                item.at("init_noise_sigma").get<double>(),
                1e-5 * scheduler->init_noise_sigma());
    at::Tensor latents = noise * scheduler->init_noise_sigma();
    std::map<size_t, std::vector<float>> results;
    for (const json& result : item.at("results")) {
      results[result[0].get<size_t>()] = result[1].get<std::vector<float>>();
    }
    for (size_t i = 0; i < scheduler->timesteps().size(); ++i) {
      const at::Tensor input = scheduler->ScaleModelInput(latents, i);
      if (i == 0) {
        const auto expected =
            item.at("first_model_input").get<std::vector<float>>();
        EXPECT_LE(
            (input.flatten() - at::tensor(expected)).abs().max().item<double>(),
            1e-5);
      }
      const at::Tensor output =
          at::sin(1.3 * input + scheduler->timesteps()[i] / 1000);
      latents = scheduler->Step(output, i, latents);
      if (const auto found = results.find(i); found != results.end()) {
        const at::Tensor expected = at::tensor(found->second);
        const double error =
            ((latents.flatten() - expected).norm() / expected.norm())
                .item<double>();
        worst = std::max(worst, error);
        ASSERT_LE(error, 1e-4)
            << item.at("scheduler") << item.at("config") << " step " << i;
      }
    }
  }
  RecordProperty("worst_relative_error", std::to_string(worst));
}

// Closed form: with the true noise of a known x_0, every step of DDIM stays on
// the line between x_0 and the noise, so the last step returns x_0.
TEST(DdimTest, TrueNoiseLeadsBackToThePicture) {
  const auto scheduler =
      MakeScheduler("ddim", SchedulerConfig::FromJson(
                                R"({"beta_start": 0.00085, "beta_end": 0.012,
                      "beta_schedule": "scaled_linear", "clip_sample": false,
                      "set_alpha_to_one": true, "steps_offset": 1})",
                                "test"));
  const at::Tensor x0 = at::linspace(-1, 1, 16).reshape({1, 1, 4, 4});
  const at::Tensor noise = at::cos(x0 * 5);
  scheduler->SetTimesteps(10);
  double alpha = 1;  // of the first timestep, in double
  for (int t = 0; t <= static_cast<int>(scheduler->timesteps()[0]); ++t) {
    const double root = std::sqrt(0.00085) +
                        t / 999.0 * (std::sqrt(0.012) - std::sqrt(0.00085));
    alpha *= 1 - root * root;
  }
  at::Tensor latents = std::sqrt(alpha) * x0 + std::sqrt(1 - alpha) * noise;
  for (size_t i = 0; i < scheduler->timesteps().size(); ++i) {
    latents = scheduler->Step(noise, i, latents);
  }
  EXPECT_LE((latents - x0).abs().max().item<double>(), 2e-5);
}

TEST(SchedulerTest, UnknownNamesAreRefusedWithTheKnownOnes) {
  const SchedulerConfig config = SchedulerConfig::FromJson("{}", "test");
  try {
    MakeScheduler("heun", config);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("ddim"));
    EXPECT_THAT(error.what(), testing::HasSubstr("heun"));
  }
}

TEST(SchedulerTest, StepCountsOutOfRangeAreRefused) {
  const auto scheduler =
      MakeScheduler("ddim", SchedulerConfig::FromJson("{}", "test"));
  EXPECT_THROW(scheduler->SetTimesteps(0), UsageError);
  EXPECT_THROW(scheduler->SetTimesteps(1001), UsageError);
}

TEST(SchedulerConfigTest, UnknownFieldsAreRefused) {
  EXPECT_THROW(SchedulerConfig::FromJson(R"({"beta_strat": 1})", "test"),
               Error);
}

}  // namespace
}  // namespace gloce
