// What every scheduler must do, whatever its method.
#include "gloce/diffusion/scheduler.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "diffusion/scheduler_golden.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EverySchedulerTest : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Scheduler> Make() const {
    return MakeScheduler(GetParam(), StableDiffusionConfig());
  }
};

TEST_P(EverySchedulerTest, TellsWhatItIs) {
  const auto scheduler = MakeScheduler(
      GetParam(), StableDiffusionConfig({{"prediction_type", "v_prediction"},
                                         {"num_train_timesteps", 500}}));
  EXPECT_EQ(scheduler->name(), GetParam());
  EXPECT_EQ(scheduler->prediction_type(), PredictionType::kVPrediction);
  EXPECT_EQ(scheduler->num_train_timesteps(), 500);
}

TEST_P(EverySchedulerTest, ANewRunForgetsTheOneBefore) {
  const auto scheduler = Make();
  const at::Tensor first = RunScheduler(*scheduler, 12, StartNoise());
  RunScheduler(*scheduler, 7, 3.0 * StartNoise());
  scheduler->SetTimesteps(12);
  scheduler->Step(StartNoise(), 0, StartNoise());  // a run that stops early
  EXPECT_TRUE(at::equal(RunScheduler(*scheduler, 12, StartNoise()), first));
}

TEST_P(EverySchedulerTest, RowsOfABatchDoNotMeet) {
  const auto scheduler = Make();
  const at::Tensor noise = StartNoise();
  const at::Tensor both = RunScheduler(*scheduler, 9, noise);
  for (int64_t row = 0; row < 2; ++row) {
    const at::Tensor alone =
        RunScheduler(*scheduler, 9, noise.slice(0, row, row + 1));
    EXPECT_TRUE(at::equal(alone[0], both[row])) << row;
  }
}

TEST_P(EverySchedulerTest, LeavesItsInputsAlone) {
  const auto scheduler = Make();
  const at::Tensor noise = StartNoise();
  RunScheduler(*scheduler, 6, noise, [](const at::Tensor& x, double t) {
    const at::Tensor before = x.clone();
    at::Tensor output = Denoise(x, t);
    EXPECT_TRUE(at::equal(x, before));
    return output;
  });
  EXPECT_TRUE(at::equal(noise, StartNoise()));
}

TEST_P(EverySchedulerTest, ComputesInFloat32FromAHalfOutput) {
  const auto scheduler = Make();
  const at::Tensor half = (0.3 * StartNoise()).to(at::kBFloat16);
  const at::Tensor got =
      RunScheduler(*scheduler, 5, StartNoise(),
                   [&](const at::Tensor&, double) { return half; });
  const at::Tensor expected = RunScheduler(
      *scheduler, 5, StartNoise(),
      [&](const at::Tensor&, double) { return half.to(at::kFloat); });
  EXPECT_EQ(got.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::equal(got, expected));
}

// Tensors of the meta device have no values: reading one would throw.
TEST_P(EverySchedulerTest, NeverReadsAValue) {
  const auto scheduler = Make();
  const at::Tensor got =
      RunScheduler(*scheduler, 8, StartNoise().to(at::kMeta));
  EXPECT_EQ(got.device().type(), at::kMeta);
  EXPECT_EQ(got.sizes(), StartNoise().sizes());
}

TEST_P(EverySchedulerTest, StepsOutOfOrderAreProgrammingErrors) {
  const auto scheduler = Make();
  const at::Tensor noise = StartNoise();
  EXPECT_THROW(scheduler->Step(noise, 0, noise), std::logic_error);
  scheduler->SetTimesteps(3);
  EXPECT_THROW(scheduler->Step(noise, 1, noise), std::logic_error);
  scheduler->Step(noise, 0, noise);
  EXPECT_THROW(scheduler->Step(noise, 0, noise), std::logic_error);
  for (size_t i = 1; i < scheduler->timesteps().size(); ++i) {
    scheduler->Step(noise, i, noise);
  }
  EXPECT_THROW(scheduler->Step(noise, scheduler->timesteps().size(), noise),
               std::logic_error);
  EXPECT_THROW(scheduler->SetTimesteps(0), UsageError);
}

TEST_P(EverySchedulerTest, RefusesLatentsThatAreNotFloat32) {
  const auto scheduler = Make();
  scheduler->SetTimesteps(3);
  const at::Tensor latents = StartNoise().to(at::kDouble);
  EXPECT_THROW(scheduler->Step(latents, 0, latents), std::logic_error);
}

TEST_P(EverySchedulerTest, RefusesStepCountsOutOfRange) {
  const auto scheduler = Make();
  for (const int64_t count : {-1, 0, 1001}) {
    try {
      scheduler->SetTimesteps(count);
      FAIL() << "no error for " << count;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(),
                  HasSubstr("num_inference_steps: got " +
                            std::to_string(count) + ", expected 1 to 1000"));
    }
  }
  EXPECT_NO_THROW(scheduler->SetTimesteps(999));
}

// A denoiser with twice the channels also predicts a variance.
TEST_P(EverySchedulerTest, RefusesAnOutputOfAnotherShape) {
  const auto scheduler = Make();
  scheduler->SetTimesteps(3);
  const at::Tensor noise = StartNoise();
  try {
    scheduler->Step(at::cat({noise, noise}, 1), 0, noise);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("got shape [2, 4, 2, 2], expected "
                                        "[2, 2, 2, 2]"));
  }
}

INSTANTIATE_TEST_SUITE_P(Schedulers, EverySchedulerTest,
                         testing::ValuesIn(SchedulerNames()));

TEST(MakeSchedulerTest, KnowsItsNames) {
  EXPECT_THAT(SchedulerNames(),
              ElementsAre("ddim", "pndm", "lms", "euler", "dpmpp_2m",
                          "lms_karras", "euler_karras", "dpmpp_2m_karras"));
}

TEST(MakeSchedulerTest, KarrasComesFromTheNameOrTheConfig) {
  const SchedulerConfig plain = StableDiffusionConfig();
  const SchedulerConfig karras =
      StableDiffusionConfig({{"use_karras_sigmas", true}});
  for (const std::string name : {"lms", "euler", "dpmpp_2m"}) {
    const auto by_name = MakeScheduler(name + "_karras", plain);
    const auto by_config = MakeScheduler(name, karras);
    EXPECT_EQ(by_name->name(), name + "_karras");
    EXPECT_EQ(by_config->name(), name + "_karras");
    by_name->SetTimesteps(7);
    by_config->SetTimesteps(7);
    EXPECT_EQ(by_name->timesteps(), by_config->timesteps());
    const auto neither = MakeScheduler(name, plain);
    neither->SetTimesteps(7);
    EXPECT_NE(by_name->timesteps(), neither->timesteps());
  }
  EXPECT_EQ(MakeScheduler("ddim", karras)->name(), "ddim");
  EXPECT_THROW(MakeScheduler("ddim_karras", plain), UsageError);
}

TEST(MakeSchedulerTest, EmptyNameMeansTheClassOfTheConfig) {
  const std::vector<std::pair<std::string, std::string>> classes = {
      {"DDIMScheduler", "ddim"},
      {"PNDMScheduler", "pndm"},
      {"LMSDiscreteScheduler", "lms"},
      {"EulerDiscreteScheduler", "euler"},
      {"DPMSolverMultistepScheduler", "dpmpp_2m"}};
  for (const auto& [class_name, name] : classes) {
    const SchedulerConfig config = ConfigFrom({{"_class_name", class_name}});
    EXPECT_EQ(MakeScheduler("", config)->name(), name);
  }
}

TEST(MakeSchedulerTest, UnknownNameIsWrongUsage) {
  try {
    MakeScheduler("heun", StableDiffusionConfig());
    FAIL() << "no error";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "scheduler: got \"heun\", expected one of ddim, pndm, lms, "
                 "euler, dpmpp_2m, lms_karras, euler_karras, dpmpp_2m_karras");
  }
}

TEST(MakeSchedulerTest, AClassThatIsNotOursAsksForAName) {
  const SchedulerConfig config =
      ConfigFrom({{"_class_name", "UniPCMultistepScheduler"}});
  try {
    MakeScheduler("", config);
    FAIL() << "no error";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "scheduler_config.json: scheduler class: got "
                 "UniPCMultistepScheduler, which is not supported; choose a "
                 "scheduler: ddim, pndm, lms, euler, dpmpp_2m, lms_karras, "
                 "euler_karras, dpmpp_2m_karras");
  }
  EXPECT_NO_THROW(MakeScheduler("ddim", config));
  EXPECT_THROW(MakeScheduler("", ConfigFrom({{"steps_offset", 1}})),
               UsageError);
}

TEST(MakeSchedulerTest, DynamicThresholdingIsRefusedWhereItWouldAct) {
  const SchedulerConfig config =
      StableDiffusionConfig({{"thresholding", true}});
  EXPECT_NO_THROW(MakeScheduler("pndm", config));
  try {
    MakeScheduler("ddim", config);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("thresholding: got true"));
  }
}

}  // namespace
}  // namespace gloce
