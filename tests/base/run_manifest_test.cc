#include "base/run_manifest.h"

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "testing.h"

namespace gloce {
namespace {

using nlohmann::ordered_json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

RunRecord Record() {
  RunRecord record;
  record.file = "a/0_0.png";
  record.prompt = "ein \"F\u00FCchslein\"\n\U0001F98A";
  record.negative_prompt = "blurry";
  record.seed = 9223372036854775807;
  record.scheduler = "pndm";
  record.steps = 50;
  record.guidance = 7.1;
  record.width = 64;
  record.height = 128;
  record.model = "emoji";
  record.model_identity = "abcd";
  record.bundle = "ef01";
  record.erasers = "0123";
  record.concepts = {"fox", "cat"};
  record.strength = 0.3;
  record.gate_activity = {{"fox", 0.1}, {"cat", 1}};
  record.seconds = 1.25;
  return record;
}

TEST(RunManifestTest, IsOneLineWithKeysInOrder) {
  EXPECT_EQ(ToJsonLine(Record()),
            "{\"file\":\"a/0_0.png\","
            "\"prompt\":\"ein \\\"F\u00FCchslein\\\"\\n\U0001F98A\","
            "\"negative_prompt\":\"blurry\",\"seed\":9223372036854775807,"
            "\"scheduler\":\"pndm\",\"steps\":50,\"guidance\":7.1,\"width\":64,"
            "\"height\":128,\"model\":\"emoji\",\"model_identity\":\"abcd\","
            "\"bundle\":\"ef01\",\"dtype\":\"float32\",\"erasers\":\"0123\","
            "\"concepts\":[\"fox\",\"cat\"],\"strength\":0.3,"
            "\"gate_activity\":{\"cat\":1.0,\"fox\":0.1},\"seconds\":1.25}");
}

TEST(RunManifestTest, ReadsWhatItWrites) {
  EXPECT_EQ(FromJsonLine(ToJsonLine(Record()), "m"), Record());
  RunRecord plain = Record();
  plain.concepts.clear();
  plain.gate_activity.clear();
  plain.erasers.clear();
  plain.guidance = 0;
  EXPECT_EQ(FromJsonLine(ToJsonLine(plain), "m"), plain);
}

TEST(RunManifestTest, EveryKeyIsRequiredAndTyped) {
  const ordered_json line = ordered_json::parse(ToJsonLine(Record()));
  for (const auto& [key, value] : line.items()) {
    ordered_json without = line;
    without.erase(key);
    EXPECT_FAILS(FromJsonLine(without.dump(), "m: line 3"),
                 "m: line 3: key \"" + key + "\" is missing");
    ordered_json mistyped = line;
    mistyped[key] = nullptr;
    EXPECT_FAILS(FromJsonLine(mistyped.dump(), "m: line 3"),
                 AllOf(StartsWith("m: line 3"), HasSubstr(key)));
  }
  ordered_json more = line;
  more["sceduler"] = 1;
  EXPECT_FAILS(FromJsonLine(more.dump(), "m"),
               HasSubstr("unknown key \"sceduler\""));
  EXPECT_FAILS(FromJsonLine("[]", "m"), HasSubstr("expected an object"));
  EXPECT_FAILS(FromJsonLine("{", "m"), HasSubstr("not valid JSON"));
}

TEST(RunManifestTest, ValuesHaveRanges) {
  const auto fails = [](const std::string& key, const ordered_json& value,
                        const std::string& message) {
    ordered_json line = ordered_json::parse(ToJsonLine(Record()));
    line[key] = value;
    EXPECT_FAILS(FromJsonLine(line.dump(), "m"),
                 AllOf(StartsWith("m: " + key), HasSubstr(message)));
  };
  fails("seed", -1, "expected at least 0");
  fails("steps", 0, "expected at least 1");
  fails("width", 0, "expected at least 1");
  fails("height", -5, "expected at least 1");
  fails("guidance", -0.5, "expected at least 0");
  fails("strength", -1, "expected at least 0");
  fails("seconds", -1, "expected at least 0");
  fails("gate_activity", {{"cat", 1.5}}, "expected a share from 0 to 1");
  for (const std::string file :
       {"", "/etc/x.png", "../x.png", "a/../../x.png", "a/"}) {
    fails("file", file, "expected the path of a file within the folder");
  }
}

TEST(RunManifestTest, RefusesWhatJsonCannotHold) {
  RunRecord record = Record();
  record.prompt = "\xFF";
  EXPECT_FAILS(ToJsonLine(record), HasSubstr("not valid UTF-8"));
  record = Record();
  record.gate_activity["fox"] = std::nan("");
  EXPECT_FAILS(ToJsonLine(record), HasSubstr("gate activity of \"fox\""));
  record = Record();
  record.strength = INFINITY;
  EXPECT_FAILS(ToJsonLine(record), HasSubstr("strength is not a finite"));
}

TEST(RunManifestTest, MutatedLinesAreReadOrRefused) {
  const std::string line = ToJsonLine(Record());
  std::mt19937 random(7);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    try {
      FromJsonLine(Mutated(line, random), "m: line 1");
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), StartsWith("m: line 1: "));
      ++refused;
    }
  }
  EXPECT_GT(refused, 1500);
}

}  // namespace
}  // namespace gloce
