#include "batch/job_plan.h"

#include "batch/testing.h"

namespace gloce {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

JobImage Image(size_t row, int64_t i, int64_t side = 64, double guidance = 7) {
  JobImage image;
  image.settings = {"a cat", "", 10 + i, guidance, side, 64};
  image.case_number = std::to_string(row);
  image.row = row;
  image.line = row + 2;
  image.i = i;
  return image;
}

std::vector<std::pair<size_t, size_t>> Pairs(
    const std::vector<BatchRange>& batches) {
  std::vector<std::pair<size_t, size_t>> pairs;
  for (const BatchRange& batch : batches) {
    pairs.emplace_back(batch.begin, batch.end);
  }
  return pairs;
}

TEST(JobPlanTest, BatchesAreNeighboursOfEqualSizeAndGuidance) {
  std::vector<JobImage> images;
  for (size_t row = 0; row < 5; ++row) images.push_back(Image(row, 0));
  EXPECT_THAT(Pairs(CutIntoBatches(images, 2)),
              ElementsAre(std::pair(0, 2), std::pair(2, 4), std::pair(4, 5)));
  EXPECT_THAT(Pairs(CutIntoBatches(images, 9)), ElementsAre(std::pair(0, 5)));
  images[1].settings.width = 128;
  images[3].settings.guidance_scale = 3;
  images[4].settings.guidance_scale = 3;
  images[4].settings.height = 128;
  EXPECT_THAT(Pairs(CutIntoBatches(images, 9)),
              ElementsAre(std::pair(0, 1), std::pair(1, 2), std::pair(2, 3),
                          std::pair(3, 4), std::pair(4, 5)));
  EXPECT_TRUE(CutIntoBatches({}, 4).empty());
}

TEST(JobPlanTest, ShardsPartTheBatchesEvenly) {
  for (size_t count = 0; count < 40; ++count) {
    std::vector<BatchRange> batches;
    for (size_t i = 0; i < count; ++i) batches.push_back({i, i + 1});
    for (int64_t shards = 1; shards < 10; ++shards) {
      std::vector<BatchRange> all;
      for (int64_t shard = 1; shard <= shards; ++shard) {
        const auto part = BatchesOfShard(batches, shard, shards);
        const size_t floor = count / static_cast<size_t>(shards);
        EXPECT_GE(part.size(), floor);
        EXPECT_LE(part.size(), floor + 1);
        all.insert(all.end(), part.begin(), part.end());
      }
      EXPECT_EQ(Pairs(all), Pairs(batches));
    }
  }
}

TEST(JobPlanTest, CollisionsNameBothRows) {
  EXPECT_THAT(FilesOfImages({Image(0, 0), Image(0, 1), Image(1, 0)},
                            "{case_number}_{i}.png", "p.csv"),
              ElementsAre("0_0.png", "0_1.png", "1_0.png"));
  EXPECT_FAILS(FilesOfImages({Image(0, 0), Image(4, 0)},
                             "{prompt-dashed}_{seed}_{i}.png", "p.csv"),
               AllOf(StartsWith("p.csv: line 6: case 4 (line 6) and case 0 "
                                "(line 2) would both be \"a-cat_10_0.png\""),
                     HasSubstr("{row}")));
  EXPECT_FAILS(
      FilesOfImages({Image(3, 0), Image(3, 1)}, "{case_number}.png", "p.csv"),
      AllOf(StartsWith("p.csv: line 5: images 0 and 1 of case 3"),
            HasSubstr("use {i}")));
}

}  // namespace
}  // namespace gloce
