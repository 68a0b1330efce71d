#include "batch/prompt_table.h"

#include <algorithm>

#include "base/file.h"
#include "testing.h"

namespace gloce {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(PromptTableTest, ReadsEveryColumn) {
  const auto rows =
      ParsePromptTable(
          "case_number,prompt,evaluation_seed,evaluation_guidance,width,height,"
          "negative_prompt,num_images\n"
          "7,\"a cat, a guitar\",9223372036854775807,7.5,64,128,blurry,3\n"
          "x8,a fox,0,,,,,\n",
          "p.csv")
          .rows;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].case_number, "7");
  EXPECT_EQ(rows[0].prompt, "a cat, a guitar");
  EXPECT_EQ(rows[0].seed, 9223372036854775807);
  EXPECT_EQ(rows[0].guidance, 7.5);
  EXPECT_EQ(rows[0].width, 64);
  EXPECT_EQ(rows[0].height, 128);
  EXPECT_EQ(rows[0].negative_prompt, "blurry");
  EXPECT_EQ(rows[0].num_images, 3);
  EXPECT_EQ(rows[0].line, 2u);
  EXPECT_EQ(rows[1].case_number, "x8");
  EXPECT_EQ(rows[1].seed, 0);
  EXPECT_FALSE(rows[1].guidance || rows[1].width || rows[1].height ||
               rows[1].negative_prompt || rows[1].num_images);
  EXPECT_EQ(rows[1].line, 3u);
}

TEST(PromptTableTest, ReadsDialects) {
  // A byte-order mark, CRLF, columns in any order, unknown ones, an index
  // column without a name, and the names that I2P uses for the size.
  const auto rows =
      ParsePromptTable(
          "\xEF\xBB\xBF,prompt,type, evaluation_seed,sd_image_width,"
          "sd_image_height\r\n"
          "0,\"a \"\"red\"\" fox,\r\nat night\",animal, 5 ,512,768\r\n",
          "p.csv")
          .rows;
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].case_number, "0");
  EXPECT_EQ(rows[0].prompt, "a \"red\" fox,\r\nat night");
  EXPECT_EQ(rows[0].seed, 5);
  EXPECT_EQ(rows[0].width, 512);
  EXPECT_EQ(rows[0].height, 768);
}

TEST(PromptTableTest, CountsRowsWithoutCaseNumbers) {
  const auto rows = ParsePromptTable("prompt\na\nb\n", "p.csv").rows;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].case_number, "0");
  EXPECT_EQ(rows[1].case_number, "1");
}

TEST(PromptTableTest, ReadsTextFiles) {
  const auto rows =
      ParsePromptTable("\xEF\xBB\xBF a cat, \"quoted\r\n\n  \n a fox\t\n",
                       "p.txt")
          .rows;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].prompt, "a cat, \"quoted");
  EXPECT_EQ(rows[0].case_number, "0");
  EXPECT_EQ(rows[0].line, 1u);
  EXPECT_EQ(rows[1].prompt, "a fox");
  EXPECT_EQ(rows[1].case_number, "1");
  EXPECT_EQ(rows[1].line, 4u);
  EXPECT_FALSE(rows[0].seed);
}

TEST(PromptTableTest, TellsTextFromCsvByNameThenByHeader) {
  EXPECT_EQ(ParsePromptTable("id,prompt\n1,a\n", "p.txt").rows.size(), 2u);
  EXPECT_EQ(ParsePromptTable("id,prompt\n1,a\n", "prompts").rows.size(), 1u);
  EXPECT_EQ(ParsePromptTable("\"prompt\"\na\n", "prompts").rows.size(), 1u);
  EXPECT_EQ(ParsePromptTable("a prompt, at night\na\n", "prompts").rows.size(),
            2u);
}

TEST(PromptTableTest, EmptyFilesHoldNoPrompt) {
  for (const std::string path : {"p.csv", "p.txt", "p"}) {
    for (const std::string bytes : {"", "\xEF\xBB\xBF", "\r\n\n"}) {
      EXPECT_FAILS(ParsePromptTable(bytes, path), path + ": holds no prompt");
    }
  }
  EXPECT_FAILS(ParsePromptTable("case_number,prompt\n", "p.csv"),
               "p.csv: holds no prompt");
}

TEST(PromptTableTest, FaultsOfTheFileNameItAndTheLine) {
  const auto fails = [](const std::string& bytes, const std::string& message) {
    EXPECT_FAILS(ParsePromptTable(bytes, "p.csv"),
                 StartsWith("p.csv: " + message));
  };
  fails("case_number,text\n1,a\n",
        "line 1: no column \"prompt\"; the columns are: case_number, text");
  fails("prompt,prompt\na,b\n", "line 1: columns 1 (prompt) and 2 (prompt)");
  fails("prompt,width,sd_image_width\na,64,64\n",
        "line 1: columns 2 (width) and 3 (sd_image_width) mean the same");
  fails("prompt\na\n\"b\n", "line 3: broken quoting");
  fails("\xFF\xFEp\n", "line 1: not valid UTF-8; save the file as UTF-8");
}

// What the only bad row of `bytes` is told.
BadRow OnlyBadRow(const std::string& bytes, const std::string& path = "p.csv") {
  const PromptTable table = ParsePromptTable(bytes, path);
  EXPECT_EQ(table.bad_rows.size(), 1u) << bytes;
  return table.bad_rows.empty() ? BadRow() : table.bad_rows[0];
}

TEST(PromptTableTest, FaultsOfARowNameTheFileAndTheLine) {
  const auto bad = [](const std::string& bytes, const std::string& message) {
    EXPECT_THAT(OnlyBadRow(bytes).message, StartsWith("p.csv: " + message));
  };
  bad("case_number,prompt\n1,a, b\n",
      "line 2: got 3 fields, expected 2 as in the header; quote prompts");
  bad("case_number,prompt\n1\n", "line 2: got 1 fields, expected 2");
  bad("case_number,prompt\n1,\"a\nb\"\n1,c\n",
      "line 4: case_number \"1\" stands at line 2 already");
  bad("case_number,prompt\n ,a\n", "line 2: case_number is empty");
  bad("prompt\na\nb\xFF\n", "line 3: not valid UTF-8");
  bad(std::string("prompt\na\0b\n", 11), "line 2: contains a NUL byte");
  EXPECT_EQ(OnlyBadRow("a\nb\xFF\nc", "p.txt").message,
            "p.txt: line 2: not valid UTF-8; save the file as UTF-8");
}

TEST(PromptTableTest, ABadRowCountsButDoesNotStopTheOthers) {
  const PromptTable table =
      ParsePromptTable("prompt,width\na,1\nb,x\nc,3\nd\ne,5\n", "p.csv");
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[1].case_number, "2");
  EXPECT_EQ(table.rows[1].index, 2u);
  EXPECT_EQ(table.rows[2].case_number, "4");
  ASSERT_EQ(table.bad_rows.size(), 2u);
  EXPECT_EQ(table.bad_rows[0].index, 1u);
  EXPECT_EQ(table.bad_rows[0].line, 3u);
  EXPECT_EQ(table.bad_rows[1].index, 3u);
}

TEST(PromptTableTest, NumbersAreChecked) {
  const auto fails = [](const std::string& column, const std::string& cell,
                        const std::string& expected) {
    EXPECT_THAT(OnlyBadRow("prompt," + column + "\na," + cell + "\n").message,
                AllOf(StartsWith("p.csv: line 2: " + column + ": got \""),
                      EndsWith("\", expected " + expected)));
  };
  const std::string seed = "an integer from 0 to 9223372036854775807";
  for (const std::string bad :
       {"-1", "1.5", "7.0", "x", "1x", "9223372036854775808", "+1", "0x10"}) {
    fails("evaluation_seed", bad, seed);
  }
  fails("evaluation_seed", std::string(50, '9'), seed);
  for (const std::string bad : {"nan", "inf", "-0.5", "7,5", "1e999", "x"}) {
    if (bad == "7,5") continue;  // another field
    fails("evaluation_guidance", bad, "a number of at least 0");
  }
  for (const std::string side : {"width", "height", "sd_image_height"}) {
    for (const std::string bad : {"0", "-64", "16385", "64px"}) {
      fails(side, bad, "an integer from 1 to 16384");
    }
  }
  for (const std::string bad : {"0", "100001", "two"}) {
    fails("num_images", bad, "an integer from 1 to 100000");
  }
}

TEST(PromptTableTest, ReadsFiles) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "p.csv", "prompt\na\n");
  EXPECT_EQ(ReadPromptTable(folder / "p.csv").rows.size(), 1u);
  EXPECT_FAILS(ReadPromptTable(folder / "none.csv"),
               AllOf(HasSubstr("none.csv"), HasSubstr("No such file")));
}

TEST(PromptTableTest, MutatedTablesAreReadOrRefusedWithThePath) {
  const std::string table =
      "\xEF\xBB\xBF"
      "case_number,prompt,evaluation_seed,evaluation_guidance,width\r\n"
      "1,\"a cat, \"\"big\"\"\",7,7.5,64\r\n2,\"ein F\u00FCchslein\n\",8,,\r\n"
      "3,a fox,9,1e1,128\r\n";
  std::mt19937 random(5);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    try {
      const PromptTable read =
          ParsePromptTable(Mutated(table, random), "p.csv");
      EXPECT_FALSE(read.rows.empty() && read.bad_rows.empty());
      for (const BadRow& row : read.bad_rows) {
        EXPECT_THAT(row.message, StartsWith("p.csv: line "));
        ++refused;
      }
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), StartsWith("p.csv: "));
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace gloce
