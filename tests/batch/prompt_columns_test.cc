#include "batch/prompt_columns.h"

#include "batch/prompt_table.h"
#include "testing.h"

namespace gloce {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PromptTable Parse(const std::string& header, const std::string& row,
                  const std::vector<std::string>& columns = {}) {
  return ParsePromptTable(header + "\n" + row + "\n", "p.csv",
                          ParseColumnChoice(columns));
}

// Headers as they are published; the rows are cut to what is read.
TEST(PromptColumnsTest, ReadsThePublishedTables) {
  // ESD's copy of I2P; UnlearnDiffAtk's names its first column "Unnamed: 0".
  for (const std::string index : {"", "Unnamed: 0"}) {
    const PromptTable table =
        Parse(index +
                  ",prompt,categories,hard,inappropriate_percentage,"
                  "nudity_percentage,q16_percentage,sd_safety_percentage,"
                  "prompt_toxicity,lexica_url,evaluation_seed,"
                  "evaluation_guidance,sd_image_width,sd_image_height,"
                  "sd_model,case_number",
              "21,\"a, b\",\"violence, self-harm\",1,60.0,10.0,60.0,60.0,0.04,"
              "https://x,932309623,7,512,768,stable-diffusion-v1-4,33");
    ASSERT_EQ(table.rows.size(), 1u);
    EXPECT_EQ(table.rows[0].case_number, "33");
    EXPECT_EQ(table.rows[0].seed, 932309623);
    EXPECT_EQ(table.rows[0].guidance, 7);
    EXPECT_EQ(table.rows[0].width, 512);
    EXPECT_EQ(table.rows[0].height, 768);
    EXPECT_EQ(table.unused_columns.size(), 10u);
    EXPECT_EQ(table.unused_columns[0],
              index.empty() ? "column 1 (without a name)" : index);
  }
  // I2P itself.
  PromptRow row =
      Parse(
          "prompt,lexica_url,sd_seed,sd_guidance_scale,sd_image_width,"
          "sd_image_height,sd_model",
          "a,x,5,6.5,512,512,m")
          .rows.at(0);
  EXPECT_EQ(row.seed, 5);
  EXPECT_EQ(row.guidance, 6.5);
  // COCO-30K as ESD, MACE and UCE have it.
  row = Parse("case_number,source,prompt,evaluation_seed,coco_id",
              "85,coco-30k,\"A dog\n\",64297,482917")
            .rows.at(0);
  EXPECT_EQ(row.prompt, "A dog\n");
  EXPECT_EQ(row.seed, 64297);
  // Celebrities and artists of MACE and GLoCE, and GLoCE's characters.
  PromptTable table =
      Parse(",type,prompt,evaluation_seed", "250,others,A portrait of X,1");
  EXPECT_EQ(table.rows.at(0).case_number, "0") << "an index is no case number";
  EXPECT_THAT(table.unused_columns,
              ElementsAre("column 1 (without a name)", "type"));
  row = Parse(",Unnamed: 0,pre,target,sim,prompt,evaluation_seed",
              "0,0,mario,luigi,0.8,an image of mario,0")
            .rows.at(0);
  EXPECT_EQ(row.prompt, "an image of mario");
  // ESD's artists and ImageNet classes.
  row = Parse("case_number,data,prompt,artist,evaluation_seed",
              "3,d,a painting of X,X,2311")
            .rows.at(0);
  EXPECT_EQ(row.case_number, "3");
  row = Parse(",case_number,prompt,evaluation_seed,class",
              "0,7,Image of church,4068,church")
            .rows.at(0);
  EXPECT_EQ(row.case_number, "7");
}

TEST(PromptColumnsTest, EvaluationSettingsComeBeforeTheOriginals) {
  for (const std::string header : {"prompt,seed,sd_seed,evaluation_seed",
                                   "prompt,seed,evaluation_seed,sd_seed"}) {
    const PromptTable table = Parse(header, "a,1,2,2");
    EXPECT_EQ(table.rows.at(0).seed, 2);
    EXPECT_THAT(table.unused_columns, ElementsAre("seed", "sd_seed"));
  }
  EXPECT_EQ(
      Parse("prompt,guidance,sd_guidance_scale", "a,1,2").rows.at(0).guidance,
      2);
  EXPECT_FAILS(Parse("prompt,height,sd_image_height", "a,1,2"),
               HasSubstr("columns 2 (height) and 3 (sd_image_height) mean the "
                         "same"));
}

TEST(PromptColumnsTest, AnyOtherTableByChoice) {
  PromptTable table =
      Parse("id,text,prompt,random_seed,evaluation_seed", "9,a cat,other,5,6",
            {"prompt=text,seed=random_seed"});
  EXPECT_EQ(table.rows.at(0).prompt, "a cat");
  EXPECT_EQ(table.rows.at(0).seed, 5);
  EXPECT_THAT(table.unused_columns,
              ElementsAre("id", "prompt", "evaluation_seed"));
  // Keys by any of their names, parts as options of their own, a column
  // without a name.
  table = Parse(",text,cfg", "x7,a cat,2",
                {"prompt=text", "evaluation_guidance=cfg,case_number="});
  EXPECT_EQ(table.rows.at(0).case_number, "x7");
  EXPECT_EQ(table.rows.at(0).guidance, 2);
  EXPECT_THAT(table.unused_columns, IsEmpty());
  // A name of the choice decides for CSV where the file's name does not.
  EXPECT_EQ(
      ParsePromptTable("text\na\n", "table", ParseColumnChoice({"prompt=text"}))
          .rows.at(0)
          .prompt,
      "a");
}

TEST(PromptColumnsTest, BadChoicesAreWrongUsage) {
  const auto fails = [](const std::vector<std::string>& columns,
                        const auto& matcher) {
    EXPECT_FAILS_AS(UsageError, Parse("text,b,b", "a,1,2", columns), matcher);
  };
  fails({"promt=text"},
        AllOf(HasSubstr("unknown key \"promt\"; known are: case_number, "),
              HasSubstr("num_images")));
  fails({"prompt"}, HasSubstr("got \"prompt\", expected KEY=COLUMN"));
  fails({""}, HasSubstr("expected KEY=COLUMN"));
  fails({"prompt=text,"}, HasSubstr("expected KEY=COLUMN"));
  fails({"prompt=text", "prompt=b"},
        HasSubstr("prompt is given twice: \"text\" and \"b\""));
  fails({"seed=text,sd_seed=b"}, HasSubstr("sd_seed is given twice"));
  fails({"prompt=text,negative_prompt=text"},
        HasSubstr("column \"text\" is given for both prompt and "
                  "negative_prompt"));
  fails({"prompt=caption"},
        HasSubstr("p.csv: line 1: --columns: no column \"caption\"; the "
                  "columns are: text, b, b"));
  fails({"prompt=text,seed=b"},
        HasSubstr("column \"b\" is there twice; the columns are: text, b, b"));
  EXPECT_FAILS_AS(
      UsageError,
      ParsePromptTable("a\n", "p.txt", ParseColumnChoice({"prompt=text"})),
      HasSubstr("p.txt: --columns: a text file has no columns"));
}

}  // namespace
}  // namespace gloce
