#include "batch/job_images.h"

#include "batch/testing.h"

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
  const auto images = ImagesOfRows({plain, full}, Defaults(), "p.csv");
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

TEST(JobImagesTest, SeedsEndAt63Bits) {
  PromptRow row;
  row.prompt = "a cat";
  row.line = 4;
  row.seed = 9223372036854775806;
  const auto images = ImagesOfRows({row}, Defaults(), "p.csv");
  EXPECT_EQ(images.back().settings.seed, 9223372036854775807);
  row.num_images = 3;
  EXPECT_FAILS(ImagesOfRows({row}, Defaults(), "p.csv"),
               StartsWith("p.csv: line 4: seed 9223372036854775806 + 2"));
}

TEST(JobImagesTest, TextsAreUtf8) {
  PromptRow row;
  row.prompt = "\xFF";
  EXPECT_FAILS(ImagesOfRows({row}, Defaults(), "--prompt"),
               StartsWith("--prompt: prompt: expected valid UTF-8"));
  row.prompt = "a cat";
  row.negative_prompt = std::string("a\0b", 3);
  EXPECT_FAILS(ImagesOfRows({row}, Defaults(), "--prompt"),
               HasSubstr("negative prompt: expected valid UTF-8"));
}

}  // namespace
}  // namespace gloce
