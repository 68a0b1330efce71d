#include "diffusion/timesteps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstdio>
#include <numeric>

#include "diffusion/scheduler_golden.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

// 64-bit FNV-1a over the values' little-endian float64 bytes.
std::string Fnv1a(const std::vector<double>& values) {
  uint64_t state = 0xCBF29CE484222325U;
  for (const double value : values) {
    const auto bits = std::bit_cast<uint64_t>(value);
    for (unsigned shift = 0; shift < 64; shift += 8) {
      state = (state ^ ((bits >> shift) & 0xFFU)) * 0x100000001B3U;
    }
  }
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx",
                static_cast<unsigned long long>(state));
  return text.data();
}

// Steps between neighbouring float32 numbers around 1000.
constexpr double kUlp = 6.2e-5;

// Karras timesteps: those that diffusers rounds are equal; the others differ by
// the last bits of a float32 logarithm, about which processors disagree.
void ExpectKarrasTimestepsOfCase(const nlohmann::json& golden_case) {
  const auto scheduler =
      MakeScheduler(golden_case.at("scheduler").get<std::string>(),
                    ConfigFrom(golden_case.at("config")));
  const auto& hashes = golden_case.at("fnv1a");
  const auto& sums = golden_case.at("sums");
  ASSERT_EQ(hashes.size() + sums.size(), 200);
  for (const auto& [count, hash] : hashes.items()) {
    scheduler->SetTimesteps(std::stoll(count));
    EXPECT_EQ(Fnv1a(scheduler->timesteps()), hash.get<std::string>()) << count;
  }
  for (const auto& [count, sum] : sums.items()) {
    scheduler->SetTimesteps(std::stoll(count));
    const std::vector<double>& timesteps = scheduler->timesteps();
    EXPECT_EQ(timesteps.size(), std::stoull(count));
    EXPECT_NEAR(std::reduce(timesteps.begin(), timesteps.end()),
                sum.get<double>(), kUlp * std::stod(count))
        << count;
  }
  for (const auto& [count, listed] : golden_case.at("timesteps").items()) {
    scheduler->SetTimesteps(std::stoll(count));
    const double tolerance = sums.contains(count) ? 2 * kUlp : 0.0;
    EXPECT_THAT(
        scheduler->timesteps(),
        Pointwise(DoubleNear(tolerance), listed.get<std::vector<double>>()))
        << count;
  }
}

void ExpectTimestepsOfCase(const nlohmann::json& golden_case) {
  const SchedulerConfig config = ConfigFrom(golden_case.at("config"));
  const auto scheduler =
      MakeScheduler(golden_case.at("scheduler").get<std::string>(), config);
  const auto hashes = golden_case.at("fnv1a");
  const auto listed = golden_case.at("timesteps");
  std::vector<int64_t> refused;
  std::vector<double> others;
  for (int64_t count = 1; count <= config.num_train_timesteps; ++count) {
    try {
      scheduler->SetTimesteps(count);
    } catch (const UsageError&) {
      refused.push_back(count);
      continue;
    }
    const std::vector<double>& timesteps = scheduler->timesteps();
    const std::string key = std::to_string(count);
    if (listed.contains(key)) {
      EXPECT_EQ(timesteps, listed[key].get<std::vector<double>>()) << key;
    }
    if (hashes.contains(key)) {
      EXPECT_EQ(Fnv1a(timesteps), hashes[key].get<std::string>()) << key;
    } else {
      others.insert(others.end(), timesteps.begin(), timesteps.end());
    }
  }
  EXPECT_EQ(refused, golden_case.at("refused").get<std::vector<int64_t>>());
  EXPECT_EQ(Fnv1a(others), golden_case.at("fnv1a_others").get<std::string>());
}

TEST(TimestepsTest, MatchDiffusersForEveryStepCount) {
  const nlohmann::json golden = ReadGolden("timesteps.json");
  ASSERT_EQ(golden.at("cases").size(), 30);
  for (const nlohmann::json& golden_case : golden.at("cases")) {
    SCOPED_TRACE(golden_case.at("config").dump());
    if (golden_case.contains("sums")) {
      ExpectKarrasTimestepsOfCase(golden_case);
    } else {
      ExpectTimestepsOfCase(golden_case);
    }
  }
}

// The golden file lists the step counts for which diffusers goes on to -1.
TEST(TimestepsTest, TrailingStopsBeforeTheSurplusStepOfDiffusers) {
  size_t counted = 0;
  const nlohmann::json golden = ReadGolden("timesteps.json");
  for (const nlohmann::json& golden_case : golden.at("cases")) {
    const SchedulerConfig config = ConfigFrom(golden_case.at("config"));
    if (!golden_case.contains("surplus") || config.lambda_min_clipped) continue;
    for (const nlohmann::json& surplus : golden_case.at("surplus")) {
      const std::vector<double> timesteps = SpacedTimesteps(
          TimestepSpacing::kTrailing, config.num_train_timesteps,
          surplus.get<int64_t>(), 0, LinspaceValues::kRounded);
      EXPECT_EQ(timesteps.size(), surplus.get<size_t>());
      EXPECT_GE(timesteps.back(), 0.0);
      ++counted;
    }
  }
  EXPECT_GT(counted, 100);
}

TEST(TimestepsTest, PndmRepeatsTheSecondOf50Steps) {
  const auto scheduler =
      MakeScheduler("pndm", StableDiffusionConfig({{"steps_offset", 1}}));
  scheduler->SetTimesteps(50);
  const std::vector<double>& timesteps = scheduler->timesteps();
  ASSERT_EQ(timesteps.size(), 51);
  EXPECT_THAT(std::vector(timesteps.begin(), timesteps.begin() + 4),
              ElementsAre(981, 961, 961, 941));
  EXPECT_EQ(timesteps.back(), 1);
}

TEST(TimestepsTest, LinspaceOfOneStepIsTheCleanEnd) {
  EXPECT_THAT(SpacedTimesteps(TimestepSpacing::kLinspace, 1000, 1, 0,
                              LinspaceValues::kFloat32),
              ElementsAre(0.0));
}

// From a step of length 0 DPM-Solver would divide by 0.
TEST(TimestepsTest, DpmSolverRefusesTwoEqualTimesteps) {
  for (const char* spacing : {"leading", "linspace"}) {
    const auto scheduler = MakeScheduler(
        "dpmpp_2m", StableDiffusionConfig({{"timestep_spacing", spacing}}));
    EXPECT_NO_THROW(scheduler->SetTimesteps(999));
    try {
      scheduler->SetTimesteps(1000);
      FAIL() << "no error";
    } catch (const UsageError& error) {
      EXPECT_STREQ(error.what(),
                   "num_inference_steps: got 1000, expected fewer than the "
                   "1000 timesteps to choose from; use fewer steps");
    }
  }
}

TEST(TimestepsTest, RefusesAnOffsetBeyondTheLastTimestep) {
  try {
    SpacedTimesteps(TimestepSpacing::kLeading, 1000, 1000, 1,
                    LinspaceValues::kRounded);
    FAIL() << "no error";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("begin at timestep 1000, expected at "
                                        "most 999"));
  }
}

}  // namespace
}  // namespace gloce
