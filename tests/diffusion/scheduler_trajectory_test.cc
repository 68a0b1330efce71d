#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "diffusion/scheduler_golden.h"

namespace gloce {
namespace {

// The contract is 1e-4. diffusers integrates the coefficients of LMS in
// float32: the worst run differs by 4.0e-6, and itself by 3.0e-6 from one in
// float64. DDIM is equal, PNDM differs by 1.2e-7 after a Runge-Kutta warm-up,
// Euler by 1.8e-7, DPM-Solver++ by 3.4e-7: on the processor that made the
// reference. On one with other vector instructions, where diffusers differs
// from itself (noise_schedule_test.cc), the worst differs by 1.6e-6.
constexpr double kLmsTolerance = 1e-5;
constexpr double kTolerance = 4e-6;

std::vector<float> Floats(const nlohmann::json& values) {
  return values.get<std::vector<float>>();
}

TEST(SchedulerTrajectoryTest, StartsFromTheGoldenNoise) {
  const nlohmann::json golden = ReadGolden("trajectories.json");
  const at::Tensor expected = at::tensor(Floats(golden.at("start_noise")));
  EXPECT_TRUE(at::equal(StartNoise().flatten(), expected));
}

TEST(SchedulerTrajectoryTest, ReachesTheLatentsOfDiffusers) {
  const nlohmann::json golden = ReadGolden("trajectories.json");
  size_t runs = 0;
  std::map<std::string, double> worst;
  for (const nlohmann::json& golden_case : golden.at("cases")) {
    const auto name = golden_case.at("scheduler").get<std::string>();
    SCOPED_TRACE(name + " from " + golden_case.at("config").dump());
    const auto scheduler =
        MakeScheduler(name, ConfigFrom(golden_case.at("config")));
    for (const auto& [steps, latents] :
         golden_case.at("final_latents").items()) {
      const at::Tensor got =
          RunScheduler(*scheduler, std::stoll(steps), StartNoise());
      const double error =
          RelativeError(got.flatten(), at::tensor(Floats(latents)));
      EXPECT_LE(error, name == "lms" ? kLmsTolerance : kTolerance)
          << steps << " steps";
      worst[name] = std::max(worst[name], error);
      ++runs;
    }
  }
  EXPECT_GT(runs, 350);
  for (const auto& [name, error] : worst) {
    RecordProperty("worst_relative_error_" + name,
                   std::to_string(error * 1e9) + "e-9");
  }
}

}  // namespace
}  // namespace gloce
