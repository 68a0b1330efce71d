#include "eval/picture_set.h"

#include "base/file.h"
#include "base/run_manifest.h"
#include "eval/picture_pairs.h"
#include "testing.h"

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PictureSetTest : public testing::Test {
 protected:
  void Touch(const std::string& file) {
    MakeFolders(folder_ / "a/b");
    WriteFileAtomically(folder_ / file, "");
  }
  std::string Table(const std::string& text) {
    WriteFileAtomically(folder_ / "table.csv", text);
    return folder_ / "table.csv";
  }
  static RunRecord Record(const std::string& file, const std::string& prompt,
                          std::vector<std::string> concepts) {
    RunRecord record;
    record.file = file;
    record.prompt = prompt;
    record.scheduler = "pndm";
    record.steps = record.width = record.height = 1;
    record.model = "emoji";
    record.erasers = concepts.empty() ? "" : "ab";
    record.concepts = std::move(concepts);
    return record;
  }
  static std::vector<std::string> Files(const PictureSet& set) {
    std::vector<std::string> files;
    for (const ListedPicture& picture : set.pictures)
      files.push_back(picture.file);
    return files;
  }

  TemporaryFolder folder_;
};

TEST_F(PictureSetTest, ReadsTheManifestOfARun) {
  const RunRecord cat = Record("a.png", "a cat", {"owl", "cat"});
  const RunRecord dog = Record("b.png", "a dog", {});
  const RunRecord fox = Record("a.png", "a fox", {"fox"});  // made anew
  WriteFileAtomically(folder_ / "manifest.jsonl",
                      ToJsonLine(cat) + "\n" + ToJsonLine(dog) + "\n" +
                          ToJsonLine(fox) + "\n{\"file\": \"torn");
  const PictureSet set = ListPictures("erased", folder_.path());
  EXPECT_THAT(Files(set), ElementsAre("a.png", "b.png"));
  EXPECT_EQ(set.pictures[0].prompt, "a fox");
  EXPECT_EQ(set.model, "emoji");
  EXPECT_EQ(set.erasers, "several");
  EXPECT_THAT(set.ErasedConcepts(), ElementsAre("fox"));
}

TEST_F(PictureSetTest, WithoutManifestListsAllPictures) {
  for (const char* file : {"a/b/2.PNG", "a/1.jpeg", "0.jpg", "notes.txt"})
    Touch(file);
  const PictureSet set = ListPictures("x", folder_.path());
  EXPECT_THAT(Files(set), ElementsAre("0.jpg", "a/1.jpeg", "a/b/2.PNG"));
  EXPECT_EQ(set.pictures[0].prompt, std::nullopt);
}

TEST_F(PictureSetTest, TablesNameFiles) {
  const PictureSet set = ListPictures(
      "x", folder_.path(),
      Table("\xEF\xBB\xBF"
            "file,prompt,seed,erase,other\r\n"
            "a/1.png,\"a cat, red\",7,cat; owl ,x\r\nb.png,,,,\r\n"));
  ASSERT_THAT(Files(set), ElementsAre("a/1.png", "b.png"));
  EXPECT_EQ(set.pictures[0].prompt, "a cat, red");
  EXPECT_EQ(set.pictures[0].seed, 7);
  EXPECT_THAT(set.pictures[0].erased, ElementsAre("cat", "owl"));
  EXPECT_EQ(set.pictures[1].seed, std::nullopt);
}

TEST_F(PictureSetTest, TablesOfCasesFindTheirFiles) {
  for (const char* file : {"3_0.png", "3_1.jpg", "4.png"}) Touch(file);
  const PictureSet set = ListPictures(
      "x", folder_.path(),
      Table("case_number,prompt,evaluation_seed\n3,a,10\n4,b,20\n"));
  EXPECT_THAT(Files(set), ElementsAre("3_0.png", "3_1.jpg", "4.png"));
  EXPECT_EQ(set.pictures[1].seed, 11);
  EXPECT_EQ(set.pictures[2].prompt, "b");
}

TEST_F(PictureSetTest, RefusesWrongTables) {
  const auto expect = [&](const std::string& text, const std::string& message) {
    EXPECT_FAILS(ListPictures("x", folder_.path(), Table(text)),
                 HasSubstr(message));
  };
  expect("", "is empty");
  expect("prompt\na\n", "line 1: no column \"file\" or \"case_number\"");
  expect("file,seed\na.png\n", "line 2: got 1 fields, expected 2");
  expect("file,seed\na.png,-1\n", "line 2: seed: got \"-1\", expected");
  expect("file\n../a.png\n", "expected the path of a file within the folder");
  expect("file\na.png\na.png\n", "line 3: \"a.png\" is listed twice");
  expect("case_number\n9\n", "line 2: there is no 9_0.png in ");
  expect("file\n", "lists no pictures");
  EXPECT_FAILS(ListPictures("x", folder_ / "none"),
               HasSubstr("no such folder"));
  EXPECT_FAILS(ListPictures("x", folder_.path()), HasSubstr("no pictures"));
}

PictureSet SetOf(const std::vector<std::tuple<std::string, std::string, int>>&
                     file_prompt_seed) {
  PictureSet set;
  for (const auto& [file, prompt, seed] : file_prompt_seed) {
    ListedPicture picture;
    picture.file = file;
    if (!prompt.empty()) picture.prompt = prompt;
    if (seed >= 0) picture.seed = seed;
    set.pictures.push_back(picture);
  }
  return set;
}

TEST(PicturePairsTest, GoByPromptAndSeed) {
  const PictureSet a =
      SetOf({{"0", "cat", 1}, {"1", "cat", 2}, {"2", "dog", 1}});
  const PictureSet b = SetOf({{"2", "cat", 2}, {"1", "cat", 1}});
  EXPECT_THAT(
      PairPictures(a, b),
      ElementsAre(testing::Optional(1), testing::Optional(0), std::nullopt));
}

TEST(PicturePairsTest, TheFirstOfEqualOnesGoesWithTheFirst) {
  const PictureSet a =
      SetOf({{"0", "cat", 1}, {"1", "cat", 1}, {"2", "cat", 1}});
  const PictureSet b = SetOf({{"5", "cat", 1}, {"6", "cat", 1}});
  EXPECT_THAT(
      PairPictures(a, b),
      ElementsAre(testing::Optional(0), testing::Optional(1), std::nullopt));
}

TEST(PicturePairsTest, WithoutPromptsOrSeedsFileNamesDecide) {
  const PictureSet a = SetOf({{"x", "cat", 1}, {"y", "dog", 1}});
  const PictureSet b = SetOf({{"y", "cat", -1}, {"x", "dog", 1}});
  EXPECT_THAT(PairPictures(a, b),
              ElementsAre(testing::Optional(1), testing::Optional(0)));
}

TEST(PicturePairsTest, FileNamesDecideIfThatIsAskedFor) {
  const PictureSet a = SetOf({{"x", "cat", 1}, {"y", "cat", 1}});
  const PictureSet b = SetOf({{"old", "cat", 1}, {"y", "cat", 1}});
  EXPECT_THAT(PairPictures(a, b, true),
              ElementsAre(std::nullopt, testing::Optional(1)));
}

}  // namespace
}  // namespace gloce
