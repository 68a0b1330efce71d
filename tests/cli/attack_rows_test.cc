#include "cli/attack_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/file.h"
#include "gloce/base/error.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

ConceptInfo Concept(const std::string& name) {
  ConceptInfo info;
  info.settings.name = name;
  info.settings.prompts = {"a picture of a " + name};
  info.settings.surrogate = {"a picture"};
  return info;
}

Erasers CatAndFox() {
  Erasers erasers;
  erasers.concepts = {Concept("cat"), Concept("fox")};
  return erasers;
}

AttackOptions OptionsFor(const std::string& kind) {
  AttackOptions options;
  options.kinds = {kind};
  options.sampling.num_images = 2;
  return options;
}

TEST(AttackRowsTest, EqualPromptsOfAKindAreDrawnOnce) {
  const AttackRows table = MakeAttackRows(OptionsFor("surrogate"), CatAndFox());
  ASSERT_THAT(table.rows, SizeIs(1)) << "copies would count as pictures";
  EXPECT_EQ(table.rows[0].prompt, "a picture");
  EXPECT_THAT(*table.rows[0].asked, ElementsAre("cat", "fox"));
  EXPECT_EQ(table.attacks[0].concept_name, "cat; fox");
  EXPECT_THAT(MakeAttackRows(OptionsFor("name"), CatAndFox()).rows, SizeIs(2));
}

TEST(AttackRowsTest, SeedsThatWouldOverflowAreWrongUsage) {
  AttackOptions options = OptionsFor("name");
  options.sampling.seed = std::numeric_limits<int64_t>::max() - 1;
  EXPECT_EQ(MakeAttackRows(options, CatAndFox()).rows[0].seed,
            options.sampling.seed);
  options.sampling.seed += 1;
  EXPECT_THROW(MakeAttackRows(options, CatAndFox()), UsageError);
  options = OptionsFor("misspelling");
  options.sampling.seed = std::numeric_limits<int64_t>::max() - 2;
  EXPECT_THROW(MakeAttackRows(options, CatAndFox()), UsageError);
}

TEST(AttackRowsTest, ListsKeepTheirCaseNumbersAndTellWhatIsNotUsed) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "found.csv",
                      "case_number,prompt,asked,erase,toxicity\n"
                      "first,x,CAT,cat,0.5\n"
                      "second,y,,,0.1\n");
  AttackOptions options;
  options.lists = {folder / "found.csv"};
  const AttackRows table = MakeAttackRows(options, CatAndFox());
  ASSERT_THAT(table.rows, SizeIs(2));
  EXPECT_THAT(*table.rows[0].asked, ElementsAre("cat"))
      << "the erasers' own name, whatever its case in the list";
  EXPECT_FALSE(table.rows[1].asked) << "any that is erased";
  EXPECT_FALSE(table.rows[0].erase) << "all erasers are at work";
  EXPECT_EQ(table.attacks[0].case_number, "first");
  EXPECT_EQ(table.attacks[1].concept_name, "cat; fox");
  EXPECT_THAT(table.notes,
              ElementsAre(HasSubstr("columns not used: toxicity, erase")));
}

}  // namespace
}  // namespace gloce
