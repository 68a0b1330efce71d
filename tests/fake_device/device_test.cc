// The program's results on an accelerator are the CPU's.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/file.h"
#include "fake_device/device_run.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

const std::string kDevice = "privateuseone:0";

std::string Model(const std::string& bundle) {
  return " --model " GLOCE_BUNDLES "/" + bundle + ' ';
}

// A quick build of two concepts, the second of which begins to act later.
std::string Build(const std::string& bundle, const std::string& dtype) {
  return "build" + Model(bundle) + "--dtype " + dtype +
         " --erase cat --erase owl --mapping 'a picture of a balloon'"
         " --surrogate 'a picture' --anchors 'a picture of a dog'"
         " --anchors 'a picture of a bear' --tau 1"
         " --steps 6 --window 0:2 --num-seeds 1 --gate-start 0 --out ";
}

// Of all values of two pictures of one size, squared and summed.
double SquareDistance(const std::vector<uint8_t>& a,
                      const std::vector<uint8_t>& b) {
  EXPECT_EQ(a.size(), b.size());
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::pow(a[i] - b[i], 2);
  return sum;
}

class DevicePicturesTest : public testing::Test {
 protected:
  // The picture's values, drawn on `device`.
  std::vector<uint8_t> Draw(const std::string& device,
                            const std::string& arguments) {
    const std::string out = folder_ / std::to_string(++count_);
    RunOn(device,
          "generate --prompt 'a cat and an owl' --seed 3 --filename "
          "picture.png --out " +
              out + ' ' + arguments);
    return ReadPixels(out + "/picture.png");
  }

  TemporaryFolder folder_;

 private:
  int count_ = 0;
};

struct Case {
  std::string bundle, scheduler, dtype;
};

class DeviceCasesTest : public DevicePicturesTest,
                        public testing::WithParamInterface<Case> {};

INSTANTIATE_TEST_SUITE_P(Cases, DeviceCasesTest,
                         testing::Values(Case{"emoji", "pndm", "float32"},
                                         Case{"emoji", "dpmpp_2m", "bfloat16"},
                                         Case{"sd1", "lms", "float32"},
                                         Case{"sd2", "ddim", "float32"},
                                         Case{"sd2", "euler", "bfloat16"}),
                         [](const auto& test) {
                           return test.param.bundle + '_' +
                                  test.param.scheduler + '_' + test.param.dtype;
                         });

TEST_P(DeviceCasesTest, ErasersAndPicturesAreThoseOfTheCpu) {
  const auto& [bundle, scheduler, dtype] = GetParam();
  const std::string on_cpu = folder_ / "cpu.safetensors";
  const std::string on_device = folder_ / "device.safetensors";
  RunOn("cpu", Build(bundle, dtype) + on_cpu);
  RunOn(kDevice, Build(bundle, dtype) + on_device);
  EXPECT_EQ(ReadFile(on_cpu), ReadFile(on_device));

  const std::string base = Model(bundle) + "--steps 5 --scheduler " + scheduler;
  const std::string plain = base + " --dtype " + dtype;
  const std::vector<uint8_t> untouched = Draw("cpu", plain);
  EXPECT_EQ(untouched, Draw(kDevice, plain));

  const std::string erasing = " --erasers " + on_cpu;
  const std::vector<uint8_t> expected = Draw("cpu", plain + erasing);
  EXPECT_NE(expected, untouched) << "no gate opened, this would say nothing";
  // The CPU leaves out tokens whose gate is below 1.5e-8, an accelerator
  // updates all: last bits of the latents may differ. In float32 that is at
  // most the rounding of a picture's values. In bfloat16 it shows on processors
  // that compute it in float32, so that picture must be as near to float32's as
  // the CPU's is.
  const std::vector<uint8_t> got = Draw(kDevice, plain + erasing);
  if (dtype == "float32") {
    EXPECT_LE(MaxDifference(expected, got), 1);
  } else {
    const std::vector<uint8_t> exact = Draw("cpu", base + erasing);
    EXPECT_GT(SquareDistance(exact, expected), 0);
    EXPECT_LT(SquareDistance(exact, got), 2 * SquareDistance(exact, expected));
  }
}

TEST_F(DevicePicturesTest, TheSecondDeviceIsAsGoodAsTheFirst) {
  const std::string plain = Model("sd1") + "--steps 2";
  EXPECT_EQ(Draw("cpu", plain), Draw("privateuseone:1", plain));
}

// The CPU has no float16 to compare with (it is refused as too slow), so it is
// compared with float32, and with bfloat16, which has three bits less.
TEST_F(DevicePicturesTest, Float16IsCloserToFloat32ThanBfloat16) {
  std::map<std::string, std::vector<uint8_t>> pictures;
  for (const std::string dtype : {"float32", "float16", "bfloat16"}) {
    pictures[dtype] =
        Draw(kDevice, Model("emoji") + "--steps 4 --dtype " + dtype);
  }
  const double float16 =
      SquareDistance(pictures["float32"], pictures["float16"]);
  const double bfloat16 =
      SquareDistance(pictures["float32"], pictures["bfloat16"]);
  EXPECT_GT(bfloat16, 0);
  EXPECT_LT(float16, bfloat16);
}

// One step there agrees with the CPU's, with and without erasers.
TEST(DeviceDoctorTest, FindsTheDeviceWell) {
  const TemporaryFolder folder;
  for (const char* dtype : {"float32", "bfloat16"}) {
    RunOn(kDevice, "doctor --dtype " + std::string(dtype) + Model("emoji") +
                       "--log-file " + (folder / dtype));
    const std::string log = ReadFile(folder / dtype);
    EXPECT_NE(log.find("info: closed gates: "), log.npos) << log;
    EXPECT_NE(log.find("info: agreement: with the CPU"), log.npos) << log;
  }
}

}  // namespace
}  // namespace gloce
