// Gate maps beside pictures.
#include <filesystem>

#include "batch/fake_job.h"
#include "gloce/erasure/gate_maps.h"

namespace gloce {
namespace {

using ::testing::Contains;
using ::testing::EndsWith;

class JobGateMapsTest : public FakeJob {
 protected:
  JobGateMapsTest() { settings_.gate_maps = true; }

  // Of no layer, at one step a seed.
  JobSummary RunWithMaps() {
    notices_.clear();
    return RunJob(images_, settings_, [](const auto& batch) {
      std::vector<Picture> pictures = FakePictures(batch);
      for (size_t i = 0; i < batch.size(); ++i) {
        GateMaps maps;
        maps.timesteps = {static_cast<double>(batch[i].seed)};
        pictures[i].gate_maps = SerializeGateMaps(maps);
      }
      return pictures;
    });
  }
};

TEST_F(JobGateMapsTest, AreMadeAgainIfMissingOrDamaged) {
  EXPECT_EQ(RunWithMaps().made, 10u);
  const auto files = Files();
  EXPECT_EQ(RunWithMaps().skipped, 10u);
  std::filesystem::remove(Out("gates/0_0.st"));
  WriteFileAtomically(Out("gates/4_1.st"), "");
  EXPECT_EQ(RunWithMaps().made, 2u);
  EXPECT_THAT(notices_,
              Contains(EndsWith("has no gate maps, " + Out("gates/0_0.st") +
                                "; it is made again")));
  EXPECT_EQ(Files(), files);
}

// Else they would be taken for those of the new picture.
TEST_F(JobGateMapsTest, AreGoneWhereAPictureIsMadeAgainWithoutThem) {
  RunWithMaps();
  settings_.gate_maps = false;
  settings_.facts.strength = 0.5;
  EXPECT_EQ(Run().made, 10u);
  EXPECT_FALSE(std::filesystem::exists(Out("gates/0_0.st")));
  settings_.gate_maps = true;
  EXPECT_EQ(RunWithMaps().made, 10u);
}

}  // namespace
}  // namespace gloce
