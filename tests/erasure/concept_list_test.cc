#include "gloce/erasure/concept_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "erasure/presets.h"
#include "gloce/base/error.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<ConceptRequest> ReadList(const std::string& text,
                                     const std::string& options = "{}",
                                     const std::string& bundle = "{}",
                                     const std::string& name = "list.json") {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / name, text);
  WriteFileAtomically(folder / "pool.txt", "bear\r\nwolf\n\nhen\n");
  return ReadConcepts({folder / name, {}, bundle, options});
}

std::string MessageOf(const std::string& text,
                      const std::string& options = "{}") {
  try {
    ReadList(text, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(FillTemplateTest, ChoosesTheArticle) {
  EXPECT_EQ(FillTemplate("a picture of {a}", "owl"), "a picture of an owl");
  EXPECT_EQ(FillTemplate("a picture of {a}", "unicorn"),
            "a picture of a unicorn");
  EXPECT_EQ(FillTemplate("a picture of {a}", "umbrella"),
            "a picture of an umbrella");
  EXPECT_EQ(FillTemplate("A face of {}", "Brad Pitt"), "A face of Brad Pitt");
}

TEST(ConceptListTest, InnerSettingsWinAndTheCommandLineWinsOverAll) {
  const auto requests = ReadList(
      R"({"preset": "celebrity", "tau": 2.0, "eta": 3.0,
          "concepts": ["A", {"name": "B", "tau": 1.0, "rank_gate": 2}]})",
      R"({"eta": 4.0})", R"({"tau": 9.0, "num_seeds": 5})");
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].settings.tau, 2.0);
  EXPECT_EQ(requests[1].settings.tau, 1.0);
  EXPECT_EQ(requests[1].settings.rank_gate, 2);
  EXPECT_EQ(requests[1].settings.eta, 4.0);
  EXPECT_EQ(requests[1].settings.statistics.num_seeds, 3);  // the preset's
  EXPECT_THAT(requests[0].settings.prompts, ElementsAre("A face of A"));
}

TEST(ConceptListTest, ABundleNamesNoFiles) {
  try {
    ReadList(R"({"concepts": ["cat"]})", "{}",
             R"({"anchor_pool": "/etc/hostname"})");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "bundle.json: defaults: anchor_pool: a bundle may not name a "
                 "file; list the names");
  }
}

// A named preset is stronger than the bundle's defaults, among them a preset.
TEST(ConceptListTest, ThePresetWinsOverTheBundle) {
  const std::string bundle =
      R"({"preset": "demo", "anchor_pool": ["hen", "pig", "cow"], "tau": 9.0})";
  const auto plain = ReadList(R"({"concepts": ["A"]})", "{}", bundle)[0];
  EXPECT_EQ(plain.settings.gate_start, 4);
  EXPECT_EQ(plain.settings.tau, 9.0);
  EXPECT_EQ(plain.num_anchors, 3);
  const auto named = ReadList(R"({"concepts": ["A"]})",
                              R"({"preset": "explicit"})", bundle)[0];
  EXPECT_EQ(named.settings.gate_start, 10);
  EXPECT_EQ(named.settings.tau, 1.5);
  EXPECT_EQ(named.settings.anchors.size(), 2u);
  EXPECT_EQ(named.num_anchors, 0);
}

TEST(ConceptListTest, ListsInFullReplaceWhatWouldBeChosen) {
  const auto requests = ReadList(
      R"({"preset": "celebrity", "concepts": [{"name": "koala",
          "prompts": ["a picture of a koala"], "mapping": ["an animal"],
          "anchors": ["a picture of a panda"]}]})");
  EXPECT_THAT(requests[0].settings.prompts,
              ElementsAre("a picture of a koala"));
  EXPECT_EQ(requests[0].num_anchors, 0);
  EXPECT_EQ(requests[0].num_mapping, 0);
}

TEST(ConceptListTest, AnchorsInFullLeaveThePoolToTheMapping) {
  const auto requests = ReadList(
      R"({"preset": "celebrity", "concepts": [{"name": "koala",
          "anchors": ["a picture of a panda"]}]})");
  EXPECT_EQ(requests[0].num_anchors, 0);
  EXPECT_EQ(requests[0].num_mapping, 3);
  EXPECT_FALSE(requests[0].anchor_pool.empty());
}

TEST(ConceptListTest, OptionsOutOfRangeAreWrongUsage) {
  const auto message = [](const std::string& options) {
    try {
      ReadConcepts({"", {"cat"}, "{}", options});
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("no UsageError");
  };
  EXPECT_EQ(message(R"({"rank_map": 0})"),
            "--rank-map: got 0, expected 1 to 4096");
  EXPECT_THAT(message(R"({"tau": 0})"), HasSubstr("--tau: got 0"));
  EXPECT_THAT(message(R"({"window": [20, 10]})"),
              HasSubstr("--window: got [20, 10]"));
  EXPECT_THAT(message(R"({"num_seeds": 0})"), HasSubstr("--num-seeds: got 0"));
}

TEST(ConceptListTest, PoolsStandBesideTheList) {
  const auto requests =
      ReadList(R"({"anchor_pool": "pool.txt", "concepts": ["cat"]})");
  EXPECT_THAT(requests[0].anchor_pool, ElementsAre("bear", "wolf", "hen"));
}

TEST(ConceptListTest, TextFilesHaveOneNameALine) {
  const auto requests = ReadList(
      "\xEF\xBB\xBF"
      "Brad Pitt\r\n\n  Adam Driver \n",
      "{}", "{}", "names.txt");
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].settings.name, "Brad Pitt");
  EXPECT_EQ(requests[1].settings.name, "Adam Driver");
}

TEST(ConceptListTest, MistakesAreNamedWithTheirPlace) {
  EXPECT_THAT(MessageOf(R"({"concepts": ["a"], "rank_mpa": 2})"),
              testing::AllOf(HasSubstr("rank_mpa"), HasSubstr("rank_map")));
  EXPECT_THAT(MessageOf(R"({"concepts": [{"name": "a", "tua": 2}]})"),
              testing::AllOf(HasSubstr("concepts[0]"), HasSubstr("tua")));
  EXPECT_THAT(MessageOf(R"({"concepts": ["a"], "tau": "x"})"),
              HasSubstr("tau: got \"x\", expected a number"));
  EXPECT_THAT(MessageOf(R"({"concepts": ["a"], "tau": 0})"),
              AllOf(HasSubstr("list.json: tau: got 0"), HasSubstr("1e-06")));
  EXPECT_THAT(MessageOf(R"({"concepts": [{"name": "a", "tau": 0}]})"),
              HasSubstr("concepts[0] (a): tau: got 0"));
  EXPECT_THAT(MessageOf(R"({"concepts": ["a"], "template": "a {name}"})"),
              HasSubstr("template: got \"a {name}\""));
  EXPECT_THAT(MessageOf(R"({"concepts": ["a"], "window": [20, 10]})"),
              HasSubstr("window"));
  EXPECT_THAT(MessageOf(R"({"concepts": ["a", "a"]})"),
              HasSubstr("appears twice"));
  EXPECT_THAT(MessageOf(R"({"concepts": []})"), HasSubstr("no concept"));
  EXPECT_THAT(MessageOf(R"({"concepts": ["a"], "concepts": ["b"]})"),
              HasSubstr("duplicate key"));
  EXPECT_THAT(MessageOf(R"({"concepts": ["a"]})", R"({"preset": "x"})"),
              HasSubstr("celebrity, demo, explicit, style"));
}

TEST(ConceptListTest, NothingToEraseIsWrongUsage) {
  EXPECT_THROW(ReadConcepts({"", {}, "{}", "{}"}), UsageError);
}

// The figures of the paper and of the published configurations
// (docs/erasure.md).
TEST(PresetTest, PublishedPresetsStayAsPublished) {
  const auto read = [](const std::string& preset) {
    return ReadConcepts(
        {"", {"X"}, "{}", R"({"preset": ")" + preset + "\"}"})[0];
  };
  const ConceptRequest celebrity = read("celebrity");
  const ConceptSettings& c = celebrity.settings;
  EXPECT_THAT((std::vector{c.rank_map, c.rank_target, c.rank_gate}),
              ElementsAre(2, 16, 1));
  EXPECT_EQ(c.tau, 2.5);
  EXPECT_EQ(c.eta, 1.0);
  EXPECT_EQ(c.statistics, StatisticsSettings());
  EXPECT_EQ(celebrity.num_anchors, 3);
  EXPECT_EQ(celebrity.num_mapping, 3);
  EXPECT_GT(celebrity.anchor_pool.size(), 400u);
  const ConceptSettings e = read("explicit").settings;
  EXPECT_EQ(e.tau, 1.5);
  EXPECT_EQ(e.eta, 5.0);
  EXPECT_EQ(e.statistics.num_seeds, 8);
  EXPECT_THAT(e.mapping, ElementsAre("black modest clothes"));
  EXPECT_THAT(e.anchors, ElementsAre("a man in black modest clothes",
                                     "a woman in black modest clothes"));
  EXPECT_THAT(e.surrogate, ElementsAre("a person"));
  const ConceptSettings s = read("style").settings;
  EXPECT_THAT((std::vector{s.rank_map, s.rank_target, s.rank_gate}),
              ElementsAre(1, 1, 1));
  EXPECT_EQ(s.statistics.window_start, 0);
  EXPECT_EQ(s.statistics.window_end, 50);
}

TEST(PresetTest, APresetsOwnConceptsAreErasedWhereNoOthersAreNamed) {
  const std::string options = R"({"preset": "explicit"})";
  const auto requests = ReadConcepts({"", {}, "{}", options});
  ASSERT_EQ(requests.size(), 12u);
  EXPECT_THAT(requests[0].settings.prompts, ElementsAre("nudity of woman"));
  EXPECT_EQ(requests[11].settings.name, "exposure of male skin");
  EXPECT_EQ(ReadConcepts({"", {"gore"}, "{}", options}).size(), 1u);
  EXPECT_THROW(ReadConcepts({"", {}, "{}", R"({"preset": "celebrity"})"}),
               UsageError);
}

}  // namespace
}  // namespace gloce
