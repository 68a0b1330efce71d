#include "batch/prompt_json_lines.h"

#include "testing.h"

namespace gloce {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

PromptTable Parse(const std::string& bytes,
                  const std::vector<std::string>& columns = {}) {
  return ParsePromptTable(bytes, "p.jsonl", ParseColumnChoice(columns));
}

TEST(PromptJsonLinesTest, ReadsEveryKey) {
  const auto rows =
      Parse(
          "{\"case_number\": \"x7\", \"prompt\": \"a cat,\\n\\\"big\\\"\", "
          "\"evaluation_seed\": 9223372036854775807, "
          "\"evaluation_guidance\": 7, \"width\": 64, \"height\": 128, "
          "\"negative_prompt\": \"blurry\", \"num_images\": 3}\n"
          "{\"prompt\": \"a fox\", \"seed\": null, \"case_number\": 12}\n")
          .rows;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].case_number, "x7");
  EXPECT_EQ(rows[0].prompt, "a cat,\n\"big\"");
  EXPECT_EQ(rows[0].seed, 9223372036854775807);
  EXPECT_EQ(rows[0].guidance, 7.0);
  EXPECT_EQ(rows[0].width, 64);
  EXPECT_EQ(rows[0].height, 128);
  EXPECT_EQ(rows[0].negative_prompt, "blurry");
  EXPECT_EQ(rows[0].num_images, 3);
  EXPECT_EQ(rows[0].line, 1u);
  EXPECT_EQ(rows[1].case_number, "12");
  EXPECT_FALSE(rows[1].seed || rows[1].guidance || rows[1].negative_prompt);
}

TEST(PromptJsonLinesTest, ByteOrderMarkLineEndsAndBlankLines) {
  const auto rows =
      Parse("\xEF\xBB\xBF{\"prompt\": \"a\"}\r\n\r\n  \n{\"prompt\":\"b\"}")
          .rows;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].prompt, "b");
  EXPECT_EQ(rows[1].case_number, "1");
  EXPECT_EQ(rows[1].line, 4u);
}

TEST(PromptJsonLinesTest, IsToldByTheNameOrTheFirstLine) {
  EXPECT_EQ(ParsePromptTable("{\"prompt\": \"a\"}\n", "p").rows[0].prompt, "a");
  EXPECT_EQ(ParsePromptTable("{\"prompt\": \"a\"}\n", "p.txt").rows[0].prompt,
            "{\"prompt\": \"a\"}");
  EXPECT_FAILS(Parse("\n"), "p.jsonl: holds no prompt");
}

// The same table says the same in both formats.
TEST(PromptJsonLinesTest, AgreesWithCsv) {
  const auto csv = ParsePromptTable(
                       "prompt,sd_seed,guidance,sd_image_width,num_images\n"
                       "\"a, b\",5,1.5,512,2\nc,6,,,\n",
                       "p.csv")
                       .rows;
  const auto json = Parse(
                        "{\"prompt\":\"a, b\",\"sd_seed\":5,\"guidance\":1.5,"
                        "\"sd_image_width\":512,\"num_images\":2}\n"
                        "{\"prompt\":\"c\",\"sd_seed\":6}\n")
                        .rows;
  ASSERT_EQ(json.size(), csv.size());
  for (size_t i = 0; i < csv.size(); ++i) {
    EXPECT_EQ(json[i].case_number, csv[i].case_number);
    EXPECT_EQ(json[i].prompt, csv[i].prompt);
    EXPECT_EQ(json[i].seed, csv[i].seed);
    EXPECT_EQ(json[i].guidance, csv[i].guidance);
    EXPECT_EQ(json[i].width, csv[i].width);
    EXPECT_EQ(json[i].num_images, csv[i].num_images);
  }
}

TEST(PromptJsonLinesTest, ConceptsToErase) {
  using Names = std::vector<std::string>;
  const auto csv = ParsePromptTable(
      "prompt,erase\na,cat\nb, cat ; a red fox\nc,\nd,\"cat;;fox\"\n", "p.csv");
  ASSERT_EQ(csv.rows.size(), 3u);
  EXPECT_EQ(csv.rows[0].erase, Names({"cat"}));
  EXPECT_EQ(csv.rows[1].erase, Names({"cat", "a red fox"}));
  EXPECT_EQ(csv.rows[2].erase, Names()) << "none, not all";
  EXPECT_EQ(csv.bad_rows.at(0).message,
            "p.csv: line 5: erase: one of the names is empty");
  EXPECT_FALSE(ParsePromptTable("prompt\na\n", "p.csv").rows[0].erase);

  const auto rows = Parse(
      "{\"prompt\": \"a\"}\n"
      "{\"prompt\": \"a\", \"erase\": null}\n"
      "{\"prompt\": \"a\", \"erase\": \"\"}\n"
      "{\"prompt\": \"a\", \"erase\": \"cat; fox\"}\n"
      "{\"prompt\": \"a\", \"erase\": [\"semi;colon\"]}\n"
      "{\"prompt\": \"a\", \"erase\": [1]}\n"
      "{\"prompt\": \"a\", \"erase\": {\"cat\": 1}}\n");
  ASSERT_EQ(rows.rows.size(), 5u);
  EXPECT_FALSE(rows.rows[0].erase || rows.rows[1].erase);
  EXPECT_EQ(rows.rows[2].erase, Names());
  EXPECT_EQ(rows.rows[3].erase, Names({"cat", "fox"}));
  EXPECT_EQ(rows.rows[4].erase, Names({"semi;colon"}));
  ASSERT_EQ(rows.bad_rows.size(), 2u);
  for (const BadRow& row : rows.bad_rows) {
    EXPECT_THAT(row.message, HasSubstr("erase: got "));
    EXPECT_THAT(row.message, HasSubstr("expected names of concepts"));
  }
}

TEST(PromptJsonLinesTest, EveryFaultNamesFileAndLine) {
  const auto bad = [](const std::string& line, const std::string& message) {
    const PromptTable table =
        Parse("{\"prompt\": \"ok\"}\n\n" + line + "\n{\"prompt\": \"ok\"}\n");
    EXPECT_EQ(table.rows.size(), 2u) << line;
    ASSERT_EQ(table.bad_rows.size(), 1u) << line;
    EXPECT_EQ(table.bad_rows[0].line, 3u);
    EXPECT_EQ(table.bad_rows[0].index, 1u);
    EXPECT_THAT(table.bad_rows[0].message,
                AllOf(StartsWith("p.jsonl: line 3: "), HasSubstr(message)));
  };
  bad("{\"prompt\": \"a\", \"promt\": 1}",
      "unknown key \"promt\"; known are: case_number, prompt, ");
  bad("{\"prompt\": \"a\", \"seed\": 1, \"evaluation_seed\": 1}",
      "mean the same; remove one");
  bad("{\"prompt\": \"a\", \"prompt\": \"b\"}", "duplicate key \"prompt\"");
  bad("{\"seed\": 1}", "key \"prompt\" is missing");
  bad("{\"prompt\": null}", "key \"prompt\" is missing");
  bad("{\"prompt\": 5}", "prompt: got 5, expected a string");
  bad("{\"prompt\": \"a\\u0000\"}", "expected no NUL character");
  bad("{\"prompt\": \"a\", \"seed\": \"5\"}",
      "seed: got \"5\", expected an integer from 0 to 9223372036854775807");
  bad("{\"prompt\": \"a\", \"seed\": 9223372036854775808}",
      "seed: got 9223372036854775808, expected an integer from 0");
  bad("{\"prompt\": \"a\", \"seed\": -1}", "seed: got -1, expected");
  bad("{\"prompt\": \"a\", \"seed\": 1.5}", "seed: got 1.5, expected");
  bad("{\"prompt\": \"a\", \"guidance\": -0.5}",
      "guidance: got -0.5, expected a number of at least 0");
  bad("{\"prompt\": \"a\", \"guidance\": 1e999}", "not valid JSON");
  bad("{\"prompt\": \"a\", \"width\": 16385}",
      "width: got 16385, expected an integer from 1 to 16384");
  bad("{\"prompt\": \"a\", \"case_number\": []}",
      "case_number: got array, expected a string or a whole number");
  bad("{\"prompt\": \"a\", \"case_number\": 0}",
      "case_number \"0\" stands at line 1 already");
  bad("{\"prompt\": \"a\"", "not valid JSON");
  bad("{\"prompt\": \"a\"} {}", "not valid JSON");
  bad("{\"prompt\": \"a\"} // no comment", "not valid JSON");
  bad("[\"a\"]", "got array, expected an object");
  bad("a cat", "not valid JSON");
  bad("{\"prompt\": \"\xFF\"}", "not valid UTF-8; save the file as UTF-8");
}

TEST(PromptJsonLinesTest, OtherKeysByChoice) {
  const std::string line = "{\"text\": \"a\", \"n\": 5}\n";
  const auto rows = Parse(line, {"prompt=text,seed=n"}).rows;
  EXPECT_EQ(rows.at(0).prompt, "a");
  EXPECT_EQ(rows.at(0).seed, 5);
  EXPECT_FAILS_AS(
      UsageError, Parse(line, {"prompt=caption"}),
      HasSubstr("p.jsonl: --columns: no key \"caption\" in any line; there "
                "are: n, text"));
  EXPECT_THAT(Parse("{\"text\": \"a\", \"prompt\": \"b\"}", {"prompt=text"})
                  .bad_rows.at(0)
                  .message,
              HasSubstr("unknown key \"prompt\""));
}

TEST(PromptJsonLinesTest, MutatedFilesAreReadOrRefusedWithTheLine) {
  const std::string lines =
      "\xEF\xBB\xBF{\"prompt\": \"a cat\", \"seed\": 7}\r\n"
      "{\"prompt\": \"ein F\u00FCchslein\", \"guidance\": 1e1}\n"
      "{\"case_number\": \"z\", \"prompt\": \"\\u00fc\", \"width\": 64}\n";
  std::mt19937 random(6);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    try {
      for (const BadRow& row : Parse(Mutated(lines, random)).bad_rows) {
        EXPECT_THAT(row.message, StartsWith("p.jsonl: line "));
        ++refused;
      }
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), StartsWith("p.jsonl: "));
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace gloce
