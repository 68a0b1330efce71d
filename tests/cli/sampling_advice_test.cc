#include "cli/sampling_advice.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "error_text.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

const SamplingAdvice kAdvice = {"lower this", "turn that"};

TEST(SamplingAdviceTest, SaysWhatToLowerWhereMemoryIsExhausted) {
  const auto text = [](const auto& thrown) {
    return ErrorText(
        [&] { WithAdvice(kAdvice, "this batch", [&] { throw thrown; }); });
  };
  EXPECT_EQ(text(std::bad_alloc()),
            "this batch: out of memory (std::bad_alloc); lower this");
  EXPECT_EQ(
      text(std::runtime_error("RuntimeError: CUDA out of memory. Tried\n...")),
      "this batch: out of memory (CUDA out of memory. Tried); lower this");
  EXPECT_EQ(text(OutOfMemory("unet.pt: out of memory (x)")),
            "unet.pt: out of memory (x); lower this");
}

TEST(SamplingAdviceTest, SaysWhatToTurnWhereNumbersOverflow) {
  EXPECT_EQ(ErrorText([] {
              WithAdvice(kAdvice, "", [] { throw NotFinite("latents: ..."); });
            }),
            "latents: ...; turn that");
}

TEST(SamplingAdviceTest, LeavesOtherErrorsAsTheyAre) {
  EXPECT_EQ(ErrorText([] {
              WithAdvice(kAdvice, "place", [] { throw Error("no file"); });
            }),
            "no file");
  EXPECT_EQ(ErrorText([] {
              WithAdvice(kAdvice, "place",
                         [] { throw std::runtime_error("shapes differ"); });
            }),
            "place: shapes differ");
  EXPECT_THROW(WithAdvice(kAdvice, "place", [] { throw Interrupted(); }),
               Interrupted);
  WithAdvice(kAdvice, "place", [] {});
}

TEST(SamplingAdviceTest, NamesTheBatchInUseAndOptionsThatThereAre) {
  EXPECT_EQ(AdviceForPictures(4, 512, 768, true).out_of_memory,
            "this batch is 4 pictures of 512x768: lower --batch-size, or "
            "--width and --height");
  EXPECT_EQ(AdviceForPictures(1, 64, 64, true).out_of_memory,
            "this batch is 1 picture of 64x64: lower --width and --height");
  EXPECT_EQ(AdviceForPictures(1, 64, 64, true).not_finite,
            "lower --guidance or --strength, use --dtype float32, or look at "
            "the erasers' eta");
  EXPECT_EQ(AdviceForPictures(1, 64, 64, false).not_finite,
            AdviceForBuild(8).not_finite);
  EXPECT_EQ(AdviceForBuild(8).out_of_memory, "--batch-size is 8: lower it");
  EXPECT_EQ(AdviceForBuild(1).out_of_memory,
            "--batch-size is 1 already: give --dtype bfloat16 or another "
            "--device");
  EXPECT_EQ(AdviceForBuild(8).not_finite,
            "lower --guidance, or use --dtype float32");
}

}  // namespace
}  // namespace gloce
