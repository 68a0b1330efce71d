#include "batch/job_images.h"

#include "testing.h"

namespace gloce {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

RowDefaults Defaults() {
  RowDefaults defaults;
  defaults.settings = {"unused", "blurry", 100, 7.5, 64, 96};
  defaults.num_images = 2;
  return defaults;
}

TEST(JobImagesTest, RowsOverrideDefaults) {
  PromptRow plain;
  plain.case_number = "a";
  plain.prompt = "a cat";
  PromptRow full = plain;
  full.case_number = "b";
  full.negative_prompt = "dark";
  full.seed = 5;
  full.guidance = 0;
  full.width = 128;
  full.height = 256;
  full.num_images = 3;
  full.line = 7;
  full.index = 1;
  const auto images = ImagesOfRows({plain, full}, Defaults(), "p.csv").images;
  ASSERT_EQ(images.size(), 5u);
  for (int64_t i = 0; i < 2; ++i) {
    const JobImage& image = images[static_cast<size_t>(i)];
    EXPECT_EQ(image.case_number, "a");
    EXPECT_EQ(image.row, 0u);
    EXPECT_EQ(image.i, i);
    EXPECT_EQ(image.settings.prompt, "a cat");
    EXPECT_EQ(image.settings.negative_prompt, "blurry");
    EXPECT_EQ(image.settings.seed, 100 + i);
    EXPECT_EQ(image.settings.guidance_scale, 7.5);
    EXPECT_EQ(image.settings.width, 64);
    EXPECT_EQ(image.settings.height, 96);
  }
  for (int64_t i = 0; i < 3; ++i) {
    const JobImage& image = images[static_cast<size_t>(2 + i)];
    EXPECT_EQ(image.case_number, "b");
    EXPECT_EQ(image.row, 1u);
    EXPECT_EQ(image.line, 7u);
    EXPECT_EQ(image.i, i);
    EXPECT_EQ(image.settings.negative_prompt, "dark");
    EXPECT_EQ(image.settings.seed, 5 + i);
    EXPECT_EQ(image.settings.guidance_scale, 0);
    EXPECT_EQ(image.settings.width, 128);
    EXPECT_EQ(image.settings.height, 256);
  }
}

TEST(JobImagesTest, AJobHasAMostOfPictures) {
  RowDefaults defaults = Defaults();
  defaults.num_images = kMaxImages;
  PromptRow row;
  row.prompt = "a cat";
  row.num_images = 2;
  PromptRow large = row;
  large.num_images = std::nullopt;
  large.line = 3;
  const JobImages job = ImagesOfRows({row, large, row}, defaults, "p.csv");
  EXPECT_EQ(job.images.size(), 4u);
  ASSERT_EQ(job.bad_rows.size(), 1u);
  EXPECT_THAT(job.bad_rows[0].message,
              StartsWith("p.csv: line 3: 2000000 more pictures; a job has at "
                         "most 2000000, so split the table"));
}

TEST(JobImagesTest, SeedsEndAt63Bits) {
  PromptRow row;
  row.prompt = "a cat";
  row.line = 4;
  row.seed = 9223372036854775806;
  const auto images = ImagesOfRows({row}, Defaults(), "p.csv").images;
  EXPECT_EQ(images.back().settings.seed, 9223372036854775807);
  row.num_images = 3;
  const JobImages none = ImagesOfRows({row}, Defaults(), "p.csv");
  EXPECT_TRUE(none.images.empty());
  EXPECT_THAT(none.bad_rows.at(0).message,
              StartsWith("p.csv: line 4: seed 9223372036854775806 + 2"));
}

TEST(JobImagesTest, TextsAreUtf8) {
  PromptRow row;
  row.prompt = "\xFF";
  const auto message = [&] {
    return ImagesOfRows({row}, Defaults(), "--prompt").bad_rows.at(0).message;
  };
  EXPECT_THAT(message(), StartsWith("--prompt: prompt: expected valid UTF-8"));
  row.prompt = "a cat";
  row.negative_prompt = std::string("a\0b", 3);
  EXPECT_THAT(message(), HasSubstr("negative prompt: expected valid UTF-8"));
}

TEST(JobImagesTest, ARowThatIsRefusedHasNoImages) {
  PromptRow good;
  good.prompt = "a cat";
  PromptRow bad = good;
  bad.width = 70;
  bad.line = 3;
  bad.index = 1;
  const JobImages job =
      ImagesOfRows({good, bad}, Defaults(), "p.csv",
                   [](const PromptRow&, ImageSettings& image) {
                     if (image.width == 70) throw UsageError("width: got 70");
                     image.height = 32;
                   });
  ASSERT_EQ(job.images.size(), 2u);
  EXPECT_EQ(job.images[1].settings.height, 32) << "a check may complete it";
  ASSERT_EQ(job.bad_rows.size(), 1u);
  EXPECT_EQ(job.bad_rows[0].index, 1u);
  EXPECT_EQ(job.bad_rows[0].message, "p.csv: line 3: width: got 70");
}

}  // namespace
}  // namespace gloce
