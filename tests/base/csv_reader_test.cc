#include "base/csv_reader.h"

#include "testing.h"

namespace gloce {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(CsvReaderTest, ReadsQuotingByRfc4180) {
  const auto rows = ParseCsv(
      "a, b ,\"c, d\"\r\n"
      "\"he said \"\"no\"\"\",,\"\"\n"
      "\n"
      "\"two\r\nlines\",x,\"y\"",
      "p.csv");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[0].fields, ElementsAre("a", " b ", "c, d"));
  EXPECT_THAT(rows[1].fields, ElementsAre("he said \"no\"", "", ""));
  EXPECT_THAT(rows[2].fields, ElementsAre("two\r\nlines", "x", "y"));
}

TEST(CsvReaderTest, KnowsTheLineWhereEachRowBegins) {
  const auto rows =
      ParseCsv("a\r\n\r\n\"b\nb\nb\"\r\nc\n\n\"d\n\"\n\"\ne\"\nf", "p.csv");
  std::vector<size_t> lines;
  for (const CsvRow& row : rows) lines.push_back(row.line);
  EXPECT_THAT(lines, ElementsAre(1, 3, 6, 8, 10, 12));
}

TEST(CsvReaderTest, BrokenQuotingNamesTheLine) {
  EXPECT_FAILS(ParseCsv("a,b\n1,c\"d\n", "p.csv"),
               AllOf(StartsWith("p.csv: line 2: broken quoting near byte 4"),
                     HasSubstr("quoted as a whole")));
  EXPECT_FAILS(ParseCsv("a,b\n1,\"c\"d\n", "p.csv"),
               StartsWith("p.csv: line 2: broken quoting"));
  EXPECT_FAILS(ParseCsv("a,b\n1, \"c\"\n", "p.csv"),
               StartsWith("p.csv: line 2: broken quoting"));
  EXPECT_FAILS(ParseCsv("a,b\n1,\"c\n2,\"d\"\n", "p.csv"),
               AllOf(StartsWith("p.csv: line 3: broken quoting"),
                     HasSubstr("the row begins at line 2")));
  EXPECT_FAILS(
      ParseCsv("a,b\n1,c\n2,\"d\n3,e\n", "p.csv"),
      AllOf(StartsWith("p.csv: line 3: broken quoting"), HasSubstr("closed")));
}

TEST(CsvReaderTest, HoldsFieldsOfAnySize) {
  const std::string large(3'000'000, 'x');
  const auto rows = ParseCsv("a\n\"" + large + "\"\n", "p.csv");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].fields[0], large);
}

TEST(CsvReaderTest, NothingGivesNoRows) {
  EXPECT_TRUE(ParseCsv("", "p.csv").empty());
  EXPECT_TRUE(ParseCsv("\r\n\n", "p.csv").empty());
}

}  // namespace
}  // namespace gloce
