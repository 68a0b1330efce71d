#include "diffusion/timesteps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstdio>

#include "diffusion/scheduler_golden.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
  ASSERT_EQ(golden.at("cases").size(), 15);
  for (const nlohmann::json& golden_case : golden.at("cases")) {
    SCOPED_TRACE(golden_case.at("config").dump());
    ExpectTimestepsOfCase(golden_case);
  }
}

// The golden file lists the step counts for which diffusers goes on to -1.
TEST(TimestepsTest, TrailingStopsBeforeTheSurplusStepOfDiffusers) {
  size_t counted = 0;
  const nlohmann::json golden = ReadGolden("timesteps.json");
  for (const nlohmann::json& golden_case : golden.at("cases")) {
    const SchedulerConfig config = ConfigFrom(golden_case.at("config"));
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
