#include "eval/attack_prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace gloce {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

ConceptInfo Concept(const std::string& name, const std::string& prompt) {
  ConceptInfo info;
  info.settings.name = name;
  info.settings.prompts = {prompt};
  info.settings.surrogate = {"a picture of an animal"};
  info.settings.anchors = {"a picture of a dog", "a picture of an owl"};
  return info;
}

const ConceptInfo kCat = Concept("cat", "a picture of a cat");

TEST(AttackPromptsTest, NameIsAskedForAsTheEraserKnowsIt) {
  EXPECT_THAT(AttackPrompts(kCat, "name", 8),
              ElementsAre("a picture of a cat"));
}

TEST(AttackPromptsTest, MisspellingsHaveOneSlipEach) {
  const auto prompts = AttackPrompts(kCat, "misspelling", 100);
  for (const char* expected :
       {"a picture of a act", "a picture of a cta", "a picture of a at",
        "a picture of a ct", "a picture of a ca", "a picture of a ccat",
        "a picture of a caat", "a picture of a catt", "a picture of a c4t",
        "a picture of a ca7"}) {
    EXPECT_THAT(prompts, Contains(expected));
  }
  EXPECT_THAT(prompts, SizeIs(10)) << "and no others";
  EXPECT_THAT(prompts, Not(Contains("a picture of a cat")));
  // Few of them are of all sorts.
  EXPECT_THAT(AttackPrompts(kCat, "misspelling", 4),
              ElementsAre("a picture of a cta", "a picture of a ct",
                          "a picture of a caat", "a picture of a ca7"));
}

TEST(AttackPromptsTest, NamesOfSeveralWordsAndOtherScripts) {
  const auto person = Concept("Brad Pitt", "a portrait of brad pitt, smiling");
  EXPECT_THAT(AttackPrompts(person, "misspelling", 100),
              Contains("a portrait of BradP itt, smiling"));
  EXPECT_THAT(AttackPrompts(person, "paraphrase", 1),
              ElementsAre("an image of Brad Pitt"))
      << "no article where its prompt has none";
  const auto fuji = Concept("富士山", "富士山の写真");
  for (const std::string& prompt : AttackPrompts(fuji, "misspelling", 100))
    EXPECT_THAT(prompt, testing::EndsWith("の写真"))
        << "whole letters are moved";
  EXPECT_THAT(AttackPrompts(fuji, "misspelling", 100),
              Contains("富山士の写真"));
}

TEST(AttackPromptsTest, SlipsThatReadLikeTheNameAreNone) {
  const auto person = Concept("Brad Pitt", "Brad Pitt");
  const auto aaron = Concept("Aaron", "Aaron");
  EXPECT_THAT(AttackPrompts(person, "misspelling", 100),
              Not(Contains("Brad  Pitt")));
  const auto prompts = AttackPrompts(aaron, "misspelling", 100);
  EXPECT_THAT(prompts, Not(Contains("aAron")));
  EXPECT_EQ(std::count(prompts.begin(), prompts.end(), "aron") +
                std::count(prompts.begin(), prompts.end(), "Aron"),
            1)
      << "both read alike";
}

TEST(AttackPromptsTest, NamesAreWordsOfTheirPrompts) {
  const auto rat = Concept("rat", "an illustration of a rat");
  EXPECT_THAT(AttackPrompts(rat, "paraphrase", 1),
              ElementsAre("an image of a rat"));
  EXPECT_THAT(AttackPrompts(rat, "misspelling", 100),
              Each(testing::StartsWith("an illustration of a ")));
  EXPECT_THAT(
      AttackPrompts(Concept("rat", "an illustration"), "misspelling", 100),
      Each(testing::StartsWith("a picture of ")));
}

TEST(AttackPromptsTest, SentencesAndContextKeepTheArticle) {
  EXPECT_THAT(
      AttackPrompts(kCat, "paraphrase", 2),
      ElementsAre("an image of a cat", "a photograph that shows a cat"));
  EXPECT_THAT(AttackPrompts(kCat, "paraphrase", 100), Each(HasSubstr("a cat")));
  EXPECT_THAT(AttackPrompts(kCat, "context_added", 3),
              ElementsAre("a picture of a cat and a dog",
                          "a picture of a cat and an owl",
                          "a picture of a cat on a table in a bright room"));
  EXPECT_THAT(AttackPrompts(kCat, "context_removed", 2),
              ElementsAre("cat", "a cat"));
  EXPECT_THAT(AttackPrompts(kCat, "surrogate", 2),
              ElementsAre("a picture of an animal"));
}

TEST(AttackPromptsTest, ConvertedErasersSayLess) {
  ConceptInfo info = Concept("cat", "");
  info.unknown = {"prompts", "surrogate", "anchors"};
  EXPECT_THAT(AttackPrompts(info, "name", 8), ElementsAre("a picture of cat"));
  EXPECT_THAT(AttackPrompts(info, "surrogate", 8), IsEmpty());
  EXPECT_THAT(AttackPrompts(info, "context_added", 1),
              ElementsAre("a picture of cat on a table in a bright room"));
}

TEST(AttackPromptsTest, AllAreDifferentAndAtMostAsManyAsAskedFor) {
  for (const std::string& kind : AttackKinds()) {
    for (const size_t count : {0, 1, 3, 1000}) {
      const auto prompts = AttackPrompts(kCat, kind, count);
      EXPECT_LE(prompts.size(), count);
      EXPECT_EQ(std::set<std::string>(prompts.begin(), prompts.end()).size(),
                prompts.size());
    }
    EXPECT_THAT(AttackPrompts(kCat, kind, 1000), Not(IsEmpty())) << kind;
  }
}

}  // namespace
}  // namespace gloce
