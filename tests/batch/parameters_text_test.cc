#include "batch/parameters_text.h"

#include <map>
#include <nlohmann/json.hpp>
// g++ 12 at -O1 with sanitizers wrongly takes a member of std::regex's states
// for uninitialized.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <regex>
#include <sstream>

#include "testing.h"

namespace gloce {
namespace {

using ::testing::Contains;
using ::testing::Pair;

std::string Stripped(const std::string& text) {
  const char* const spaces = " \t\r\n\v\f";
  const size_t begin = text.find_first_not_of(spaces);
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(spaces) - begin + 1);
}

// How A1111's web UI reads the text (parse_generation_parameters): spaces at
// its ends and around its lines are dropped. The last line is a list of
// "key: value" with JSON strings where needed, if it has three of them;
// everything before it is the prompt, up to a line that begins with "Negative
// prompt:". A value that is empty cannot be read, and one like 64x128 becomes
// two.
std::map<std::string, std::string> ParseAsA1111(const std::string& text) {
  static const std::regex kParameter(
      R"re(\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$))re");
  std::vector<std::string> lines;
  std::istringstream stream(Stripped(text));
  for (std::string line; std::getline(stream, line);)
    lines.push_back(Stripped(line));
  std::map<std::string, std::string> values;
  const std::string last = lines.back();
  if (std::distance(std::sregex_iterator(last.begin(), last.end(), kParameter),
                    std::sregex_iterator()) < 3) {
    throw Error("the last line holds no settings");
  }
  lines.pop_back();
  std::string part = "Prompt";
  for (std::string line : lines) {
    const std::string mark = "Negative prompt:";
    if (line.starts_with(mark)) {
      part = "Negative prompt";
      line = Stripped(line.substr(mark.size()));
    }
    std::string& value = values[part];
    value += (value.empty() ? "" : "\n") + line;
  }
  for (std::sregex_iterator it(last.begin(), last.end(), kParameter), end;
       it != end; ++it) {
    std::string value = (*it)[2];
    if (value.empty()) throw Error((*it)[1].str() + " has no value");
    if (value.front() == '"' && value.back() == '"') {
      value = nlohmann::json::parse(value).get<std::string>();
    }
    values[(*it)[1]] = value;
  }
  return values;
}

RunRecord Record() {
  RunRecord record;
  record.file = "0_0.png";
  record.prompt = "a cat, big: and a guitar";
  record.seed = 7;
  record.scheduler = "pndm";
  record.steps = 50;
  record.guidance = 7.5;
  record.width = 64;
  record.height = 128;
  record.model = "emoji";
  record.model_identity = std::string(64, 'a');
  record.bundle = std::string(64, 'b');
  return record;
}

TEST(ParametersTextTest, IsWrittenAsDocumented) {
  RunRecord record = Record();
  EXPECT_EQ(ParametersText(record),
            "a cat, big: and a guitar\n"
            "Steps: 50, Sampler: PNDM, CFG scale: 7.5, Seed: 7, Size: 64x128, "
            "Model hash: aaaaaaaaaaaaaaaa, Model: emoji, "
            "Bundle: bbbbbbbbbbbbbbbb");
  record.negative_prompt = "blurry";
  record.erasers = "0123456789abcdef0123";
  record.concepts = {"cat", "fox"};
  record.dtype = "bfloat16";
  record.guidance = 3;
  EXPECT_EQ(ParametersText(record),
            "a cat, big: and a guitar\n"
            "Negative prompt: blurry\n"
            "Steps: 50, Sampler: PNDM, CFG scale: 3, Seed: 7, Size: 64x128, "
            "Model hash: aaaaaaaaaaaaaaaa, Model: emoji, "
            "Bundle: bbbbbbbbbbbbbbbb, Precision: bfloat16, "
            "Erasers: 0123456789abcdef, Erased: \"cat, fox\", "
            "Erasure strength: 1");
}

TEST(ParametersTextTest, A1111ReadsEveryValueBack) {
  RunRecord record = Record();
  record.prompt = "a cat, big: \"very\"\nSteps: 1, at night";
  record.negative_prompt = "blurry, low quality\nSeed: 3";
  record.scheduler = "dpmpp_2m";
  record.model = "my model: \"v1\", C:\\x\nend";
  record.erasers = "0123456789abcdef";
  record.concepts = {"Brad Pitt", "a \"b\"", "x\\"};
  record.strength = 0.1;
  const auto values = ParseAsA1111(ParametersText(record));
  EXPECT_EQ(values, (std::map<std::string, std::string>{
                        {"Prompt", record.prompt},
                        {"Negative prompt", record.negative_prompt},
                        {"Steps", "50"},
                        {"Sampler", "DPM++ 2M"},
                        {"CFG scale", "7.5"},
                        {"Seed", "7"},
                        {"Size", "64x128"},
                        {"Model hash", "aaaaaaaaaaaaaaaa"},
                        {"Model", record.model},
                        {"Bundle", "bbbbbbbbbbbbbbbb"},
                        {"Erasers", "0123456789abcdef"},
                        {"Erased", "Brad Pitt, a \"b\", x\\"},
                        {"Erasure strength", "0.1"}}));
}

// What a bundle or a concept may be called, however odd.
TEST(ParametersTextTest, A1111ReadsAwkwardValues) {
  for (const std::string value :
       {"", " x", "x ", "\t", "\r", "\"", "\"\"", "\\", "\\\"", "a: b", ":",
        ",", "\n", "\u00E4, \U0001F98A", "Seed: 3, Size: 1x1", "\x01"}) {
    RunRecord record = Record();
    record.erasers = "0123";
    record.model = value;
    record.concepts = {value};
    const auto values = ParseAsA1111(ParametersText(record));
    EXPECT_EQ(values.at("Model"), value);
    EXPECT_EQ(values.at("Erased"), value);
    EXPECT_EQ(values.at("Seed"), "7");
    EXPECT_EQ(values.size(), 12u) << value;
  }
  // Prompts without a visible character leave the settings readable.
  for (const std::string prompt : {"", " ", "\n \n"}) {
    RunRecord record = Record();
    record.prompt = prompt;
    record.negative_prompt = "blurry";
    const auto values = ParseAsA1111(ParametersText(record));
    EXPECT_EQ(values.at("Seed"), "7");
    EXPECT_EQ(values.at("Negative prompt"), "blurry");
  }
}

TEST(ParametersTextTest, SamplersHaveTheNamesOfTheWebUi) {
  RunRecord record = Record();
  for (const auto& [name, shown] : std::map<std::string, std::string>{
           {"ddim", "DDIM"},
           {"lms", "LMS"},
           {"euler", "Euler"},
           {"dpmpp_2m_karras", "DPM++ 2M Karras"},
           {"new", "new"}}) {
    record.scheduler = name;
    EXPECT_THAT(ParseAsA1111(ParametersText(record)),
                Contains(Pair("Sampler", shown)));
  }
}

TEST(ParametersTextTest, EverySettingShows) {
  RunRecord other = Record();
  other.erasers = "0123";
  const RunRecord base = other;
  const auto changed = [&](const auto& change) {
    other = base;
    change(other);
    return ParametersText(other) != ParametersText(base);
  };
  EXPECT_TRUE(changed([](RunRecord& r) { r.prompt += "."; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.negative_prompt = "x"; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.seed = 8; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.scheduler = "ddim"; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.steps = 51; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.guidance += 1e-15; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.width = 65; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.height = 65; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.model = "x"; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.model_identity = "b"; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.bundle = "b"; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.dtype = "float16"; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.erasers = "4567"; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.concepts = {"cat"}; }));
  EXPECT_TRUE(changed([](RunRecord& r) { r.strength = 0.5; }));
  EXPECT_FALSE(changed([](RunRecord& r) { r.file = "x.png"; }));
  EXPECT_FALSE(changed([](RunRecord& r) { r.seconds = 9; }));
  EXPECT_FALSE(changed([](RunRecord& r) { r.gate_activity["cat"] = 1; }));
}

}  // namespace
}  // namespace gloce
