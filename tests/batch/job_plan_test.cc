#include "batch/job_plan.h"

#include <algorithm>
#include <map>

#include "testing.h"

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

TEST(JobPlanTest, BatchesAreFilledWithImagesOfOneKind) {
  std::vector<JobImage> images;
  for (size_t row = 0; row < 5; ++row) images.push_back(Image(row, 0));
  EXPECT_THAT(
      CutIntoBatches(images, 2),
      ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3), ElementsAre(4)));
  EXPECT_THAT(CutIntoBatches(images, 9),
              ElementsAre(ElementsAre(0, 1, 2, 3, 4)));
  images[1].settings.width = 128;
  images[2].settings.guidance_scale = 3;
  images[3].settings.height = 128;
  images[4].settings.choice = 0;
  EXPECT_THAT(CutIntoBatches(images, 9),
              ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2),
                          ElementsAre(3), ElementsAre(4)));
  EXPECT_TRUE(CutIntoBatches({}, 4).empty());
}

// A job that evaluates two choices by turns: full batches of each.
TEST(JobPlanTest, KindsThatTakeTurnsFillTheirBatches) {
  std::vector<JobImage> images;
  for (size_t row = 0; row < 10; ++row) {
    images.push_back(Image(row, 0));
    if (row % 2 == 1) images[row].settings.choice = 3;
  }
  EXPECT_THAT(CutIntoBatches(images, 4),
              ElementsAre(ElementsAre(0, 2, 4, 6), ElementsAre(1, 3, 5, 7),
                          ElementsAre(8), ElementsAre(9)));
}

// Against the definition: sort by kind and cut, then order by first image.
TEST(JobPlanTest, EveryImageIsInOneFullBatchOfItsKind) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<JobImage> images;
    std::map<int64_t, std::vector<size_t>> of_kind;
    for (size_t k = 0; k < 60; ++k) {
      const auto kind = static_cast<int64_t>(random() % 4);
      images.push_back(Image(k, 0, 64 * (kind + 1)));
      of_kind[kind].push_back(k);
    }
    const size_t size = 1 + random() % 7;
    std::vector<Batch> expected;
    for (const auto& [kind, all] : of_kind) {
      for (size_t begin = 0; begin < all.size(); begin += size) {
        const size_t end = std::min(begin + size, all.size());
        expected.emplace_back(all.begin() + begin, all.begin() + end);
      }
    }
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(CutIntoBatches(images, static_cast<int64_t>(size)), expected);
  }
}

TEST(JobPlanTest, ShardsPartEqualBatchesEvenly) {
  for (size_t count = 0; count < 40; ++count) {
    std::vector<JobImage> images;
    for (size_t i = 0; i < count; ++i) images.push_back(Image(i, 0));
    const std::vector<Batch> batches = CutIntoBatches(images, 1);
    for (int64_t shards = 1; shards < 10; ++shards) {
      std::vector<Batch> all;
      for (int64_t shard = 1; shard <= shards; ++shard) {
        const auto part = BatchesOfShard(batches, images, shard, shards);
        const size_t floor = count / static_cast<size_t>(shards);
        EXPECT_GE(part.size(), floor);
        EXPECT_LE(part.size(), floor + 1);
        all.insert(all.end(), part.begin(), part.end());
      }
      EXPECT_EQ(all, batches);
    }
  }
}

// Large pictures first, incomplete batches, guidance: no shard has more than
// its part and one batch.
TEST(JobPlanTest, ShardsPartTheWorkEvenly) {
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<JobImage> images;
    for (size_t k = 0; k < 80; ++k) {
      images.push_back(Image(k, 0, k < 20 ? 1024 : 64 << random() % 3,
                             random() % 4 == 0 ? 1 : 7));
    }
    const std::vector<Batch> batches = CutIntoBatches(images, 4);
    const auto work = [&](const std::vector<Batch>& of) {
      double sum = 0;
      for (const Batch& batch : of) {
        for (const size_t k : batch) sum += WorkOfAStep(images[k].settings);
      }
      return sum;
    };
    const double largest = 4 * 2 * 1024 * 64;
    for (const int64_t shards : {1, 2, 3, 7, 100}) {
      std::vector<Batch> all;
      for (int64_t shard = 1; shard <= shards; ++shard) {
        const auto part = BatchesOfShard(batches, images, shard, shards);
        EXPECT_NEAR(work(part), work(batches) / static_cast<double>(shards),
                    largest);
        all.insert(all.end(), part.begin(), part.end());
      }
      EXPECT_EQ(all, batches);
    }
  }
}

TEST(JobPlanTest, FileSystemsThatIgnoreCaseShareMoreFiles) {
  std::vector<JobImage> images;
  const auto add = [&](const std::string& prompt) {
    images.push_back(Image(images.size(), 0));
    images.back().settings.prompt = prompt;
  };
  for (const char* prompt : {"a Cat", "a cat", "\u00C4h", "\u00E4h", "x. .",
                             "x", "y", "y_", "a.b"}) {
    add(prompt);
  }
  const auto files = FilesOfImages(images, "{prompt}/{i}.png", "p.csv");
  const auto collisions = CollisionsWithoutCase(images, files, "p.csv");
  ASSERT_EQ(collisions.size(), 3u);
  EXPECT_EQ(collisions[0].message,
            "p.csv: line 3: case 1 (line 3) and case 0 (line 2) would both be "
            "\"a cat/0.png\" on this file system, which ignores upper and "
            "lower case; use {case_number} or {row} in the file-name template");
  EXPECT_EQ(collisions[1].index, 3u);
  EXPECT_EQ(collisions[2].index, 5u);
}

TEST(JobPlanTest, AJobsOwnFilesAreNoFolders) {
  for (const char* name : {"manifest.jsonl", "summary.json",
                           "summary-1-of-2.json", ".gloce-lock"}) {
    SCOPED_TRACE(name);
    const std::string pattern = std::string(name) + "/{i}.png";
    EXPECT_FAILS(FilesOfImages({Image(3, 0)}, pattern, "p.csv"),
                 AllOf(StartsWith("p.csv: line 5: "), HasSubstr(name)));
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
