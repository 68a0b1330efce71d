#include "batch/output_names.h"

#include "batch/utf8.h"
#include "testing.h"

namespace gloce {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

std::string Name(const std::string& text, const NameFields& fields) {
  return NameTemplate(text).Name(fields);
}

const NameFields kFields{"c12", "a cat and a dog", 3, 41, 9};

TEST(NameTemplateTest, FillsPlaceholders) {
  EXPECT_EQ(Name(kCaseNumberTemplate, kFields), "c12_3.png");
  EXPECT_EQ(Name(kPromptTemplate, kFields), "a-cat-and-a-dog_41_3.png");
  EXPECT_EQ(Name("{row}/{prompt}/x{seed}y.png", kFields),
            "9/a cat and a dog/x41y.png");
  EXPECT_EQ(Name("{prompt-dashed}_{row_seed}_{i}.png", kFields),
            "a-cat-and-a-dog_38_3.png");
  EXPECT_EQ(Name("fixed.png", kFields), "fixed.png");
  EXPECT_EQ(Name(".hidden.png", kFields), ".hidden.png");
}

TEST(NameTemplateTest, DashedPromptIsTheFirst100Characters) {
  std::string prompt;
  for (int i = 0; i < 60; ++i) prompt += "\u00E4 ";
  std::string expected;
  for (int i = 0; i < 50; ++i) expected += "\u00E4-";
  EXPECT_EQ(Name("{prompt-dashed}.png", {"", prompt, 0, 0, 0}),
            expected + ".png");
}

TEST(NameTemplateTest, FaultyTemplatesAreUsageErrors) {
  const auto fails = [](const std::string& text, const std::string& message) {
    EXPECT_FAILS_AS(
        UsageError, NameTemplate(text),
        AllOf(StartsWith("file-name template '"), HasSubstr(message)));
  };
  fails("{case}_{i}.png",
        "unknown placeholder {case}; known are {case_number} {i} {seed} "
        "{row_seed} {row} {prompt} {prompt-dashed}");
  fails("{}.png", "unknown placeholder {}");
  fails("{i.png", "'{' without '}'");
  fails("{a/b}.png", "'{' without '}'");
  fails("i}.png", "'}' without '{'");
  fails("{i}.jpg", "ends in .png");
  fails("", "ends in .png");
  fails("/abs/{i}.png", "is absolute");
  fails("../{i}.png", "has the component '..'");
  fails("a/../{i}.png", "has the component '..'");
  fails("a/./{i}.png", "has the component '.'");
  fails("a//{i}.png", "has the component ''");
  fails("a/.png", "has the component ''");
  fails("..png", "has the component '.'");
  EXPECT_THROW(NameTemplate("a\nb.png"), UsageError);
  EXPECT_THROW(NameTemplate("a\xFF.png"), UsageError);
}

// What ESD's and GLoCE's programs write, for prompts that they can write.
TEST(NameTemplateTest, PublishedLayoutsAreThoseOfThePrograms) {
  const std::string prompt = "  What? \"A* cat:\" <b> | Caf\u00E9.  ";
  EXPECT_EQ(Name(kCaseNumberTemplate, {"17", prompt, 2, 9, 0}), "17_2.png");
  EXPECT_EQ(Name(kPromptTemplate, {"17", prompt, 0, 9, 0}),
            "--What?-\"A*-cat:\"-<b>-|-Caf\u00E9.--_9_0.png");
}

TEST(NameTemplateTest, ValuesCannotLeaveTheirComponent) {
  const auto of = [](const std::string& text, const std::string& value) {
    return Name(text, {value, value, 0, 0, 0});
  };
  EXPECT_THAT(of("{case_number}.png", "a/b\\c\nd\x7F"),
              MatchesRegex("a_b_c_d_-[0-9a-f]{8}\\.png"));
  EXPECT_THAT(of("{case_number}/x.png", ".."),
              MatchesRegex("_\\.-[0-9a-f]{8}/x.png"));
  EXPECT_THAT(of("{case_number}/x.png", "."),
              MatchesRegex("_-[0-9a-f]{8}/x.png"));
  EXPECT_THAT(of(".{case_number}/x.png", "."),
              MatchesRegex("_\\.-[0-9a-f]{8}/x.png"));
  EXPECT_THAT(of("{prompt}/x.png", ""), MatchesRegex("_-[0-9a-f]{8}/x.png"));
  EXPECT_THAT(of("{prompt}.png", ""), MatchesRegex("_-[0-9a-f]{8}\\.png"));
  EXPECT_THAT(of("{prompt}.png", ".gloce-lock"),
              MatchesRegex("_gloce-lock-[0-9a-f]{8}\\.png"));
}

TEST(NameTemplateTest, DifferentValuesKeepDifferentNames) {
  const auto of = [](const std::string& value) {
    return Name("{prompt}.png", {"", value, 0, 0, 0});
  };
  EXPECT_NE(of("a/b"), of("a_b"));
  EXPECT_NE(of("a/b"), of("a\\b"));
  EXPECT_NE(of(".a"), of("_a"));
  const std::string long_value(300, 'x');
  EXPECT_NE(of(long_value + "1"), of(long_value + "2"));
}

TEST(NameTemplateTest, LongNamesAreCutBetweenCharacters) {
  for (size_t length = 220; length < 260; ++length) {
    const std::string ascii(length % 4, 'x');
    std::string value = ascii;
    while (value.size() < length) value += "\U0001F98A";
    const std::string name = Name("{prompt}.png", {"", value, 0, 0, 0});
    EXPECT_LE(name.size(), NameTemplate::kMaxNameBytes);
    EXPECT_EQ(FindInvalidUtf8(name), std::string::npos);
    if (value.size() + 4 <= NameTemplate::kMaxNameBytes) {
      EXPECT_EQ(name, value + ".png");
    } else {
      EXPECT_GT(name.size(), NameTemplate::kMaxNameBytes - 4);
      EXPECT_THAT(name, MatchesRegex(".*-[0-9a-f]{8}\\.png"));
    }
  }
}

}  // namespace
}  // namespace gloce
