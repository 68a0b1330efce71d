// No denoising step copies between host and device, or waits for the device:
// what the program pays for that does not grow with the number of steps.
#include <gtest/gtest.h>

#include "fake_device/device_run.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

const std::string kDevice = "privateuseone:0";
const std::string kModel = " --model " GLOCE_BUNDLES "/emoji ";

struct Cost {
  int64_t host_to_device = 0, device_to_host = 0, synchronisations = 0;
  friend bool operator==(const Cost&, const Cost&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Cost& cost) {
    return out << cost.host_to_device << " copies to the device, "
               << cost.device_to_host << " from it, " << cost.synchronisations
               << " other synchronisations";
  }
};

Cost Between(const UnetCall& begin, const UnetCall& end) {
  return {end.host_to_device - begin.host_to_device,
          end.device_to_host - begin.device_to_host,
          end.synchronisations - begin.synchronisations};
}

// From the first to the last U-Net call of a run: all its steps but the last.
Cost InsideRun(const std::vector<UnetCall>& run) {
  return Between(run.front(), run.back());
}

Cost Total(const DeviceLog& log) { return Between({}, log.exit); }

class DeviceStepsTest : public testing::Test {
 protected:
  DeviceLog Generate(int steps, const std::string& arguments) {
    DeviceLog log{};
    RunOn(kDevice,
          "generate" + kModel + "--prompt 'a cat and an owl' --out " +
              (folder_ / std::to_string(++count_)) + " --steps " +
              std::to_string(steps) + ' ' + arguments,
          &log);
    return log;
  }

  DeviceLog Build(const std::string& arguments, const std::string& out) {
    DeviceLog log{};
    RunOn(kDevice,
          "build" + kModel + "--num-seeds 1 --steps 8 " + arguments +
              " --out " + (folder_ / out),
          &log);
    return log;
  }

  TemporaryFolder folder_;

 private:
  int count_ = 0;
};

class EverySchedulerTest : public DeviceStepsTest,
                           public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Schedulers, EverySchedulerTest,
                         testing::Values("ddim", "pndm", "lms", "euler",
                                         "dpmpp_2m"),
                         [](const auto& test) { return test.param; });

TEST_P(EverySchedulerTest, SamplingCostsNothingPerStep) {
  const std::string scheduler = std::string("--scheduler ") + GetParam();
  const DeviceLog few = Generate(3, scheduler);
  const DeviceLog many = Generate(7, scheduler);
  EXPECT_EQ(many.calls.size(), few.calls.size() + 4);
  EXPECT_EQ(InsideRun(few.calls), Cost());
  EXPECT_EQ(InsideRun(many.calls), Cost());
  // The last step, too.
  EXPECT_EQ(Total(few), Total(many));
  EXPECT_EQ(few.live_bytes, 0);
}

TEST_F(DeviceStepsTest, ErasingCopiesOnlyWhenAnotherSetOfConceptsActs) {
  // Of 8 steps, cat acts from the first, owl from the fourth, fox from the
  // seventh.
  Build("--window 0:2 --gate-start 0 --erase cat", "cat");
  Build("--window 0:2 --gate-start 3 --erase owl", "owl");
  Build("--window 0:2 --gate-start 6 --erase fox", "fox");
  const std::string erasers =
      "--erasers " + (folder_ / "cat") + " --erasers " + (folder_ / "owl") +
      " --erasers " + (folder_ / "fox") + " --num-images 2 --batch-size 1";
  const DeviceLog few = Generate(6, erasers);
  const DeviceLog many = Generate(12, erasers);
  ASSERT_EQ(few.Runs().size(), 2);
  ASSERT_EQ(many.Runs().size(), 2);
  for (const DeviceLog* log : {&few, &many}) {
    for (const std::vector<UnetCall>& run : log->Runs()) {
      // Who waits goes to the device when owl begins: before that fox and owl
      // wait, after it fox, and later nobody.
      EXPECT_EQ(InsideRun(run), (Cost{.host_to_device = 1}));
    }
  }
  EXPECT_EQ(Total(few), Total(many));
}

TEST_F(DeviceStepsTest, BuildingCopiesOnlyBetweenRuns) {
  // The second list's surrogate is an anchor, too, and kept for the gates.
  const std::string concepts = "--erase cat --erase owl ";
  for (const std::string anchors :
       {"", "--anchors 'a picture' --anchors 'a picture of a fox' "}) {
    const DeviceLog few = Build(concepts + anchors + "--window 0:2", "few");
    const DeviceLog many = Build(concepts + anchors + "--window 0:5", "many");
    ASSERT_GE(few.Runs().size(), 2);
    ASSERT_EQ(few.Runs().size(), many.Runs().size());
    for (const DeviceLog* log : {&few, &many}) {
      for (const std::vector<UnetCall>& run : log->Runs()) {
        ASSERT_GT(run.size(), 1);
        EXPECT_EQ(InsideRun(run), Cost());
      }
    }
    EXPECT_EQ(Total(few), Total(many));
  }
}

}  // namespace
}  // namespace gloce
