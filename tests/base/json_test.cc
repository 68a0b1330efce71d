#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "error_text.h"

namespace gloce {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string ParseError(const std::string& text,
                       JsonComments comments = JsonComments::kAllow) {
  return ErrorText([&] { ParseJson(text, "f.json", comments); });
}

TEST(ParseJsonTest, AllowsCommentsUnlessTheyAreRefused) {
  const std::string text = "{/* one */ \"a\": 1 // two\n}";
  EXPECT_EQ(ParseJson(text, "f.json").at("a"), 1);
  EXPECT_THAT(ParseError(text, JsonComments::kRefuse),
              StartsWith("f.json: not valid JSON: parse error at line 1, "
                         "column 2: "));
}

TEST(ParseJsonTest, NamesThePlaceOfASyntaxError) {
  EXPECT_THAT(ParseError("{\n  \"a\": ,\n}"),
              StartsWith("f.json: not valid JSON: parse error at line 2, "
                         "column 8: "));
  EXPECT_THAT(ParseError(""), HasSubstr("not valid JSON"));
  EXPECT_THAT(ParseError("{} {}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(ParseError("\"\xc3\x28\""), HasSubstr("UTF-8"));
}

TEST(ParseJsonTest, RefusesADuplicateKeyAtAnyDepth) {
  EXPECT_EQ(ParseError(R"({"a":1,"b":2,"a":3})"),
            R"(f.json: duplicate key "a")");
  EXPECT_EQ(ParseError(R"([{"a":{"b":1,"b":1}}])"),
            R"(f.json: duplicate key "b")");
  EXPECT_EQ(ParseError(R"({"a":1,"\u0061":3})"),
            R"(f.json: duplicate key "a")");
  // The same key in two objects is none.
  EXPECT_EQ(ParseJson(R"([{"a":1},{"a":{"a":2}}])", "f.json").size(), 2U);
}

TEST(ParseJsonTest, RefusesDeepNesting) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(ParseJson(nested(64), "f.json").size(), 1U);
  EXPECT_EQ(ParseError(nested(65)), "f.json: nested deeper than 64 levels");
  EXPECT_EQ(ParseError(std::string(10'000'000, '[')),
            "f.json: nested deeper than 64 levels");
}

TEST(ParseJsonTest, MessagesQuoteLittleOfTheFile) {
  EXPECT_THAT(ParseError("\"" + std::string(100'000, 'x')),
              HasSubstr("not valid JSON"));
}

TEST(QuoteForMessageTest, GivesOneShortLineOfUtf8) {
  EXPECT_EQ(QuoteForMessage("a\n\"b\""), R"("a\n\"b\"")");
  EXPECT_EQ(QuoteForMessage("\xff"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(QuoteForMessage(std::string(1000, 'x')),
            "\"" + std::string(60, 'x') + "...\"");
  // 59 bytes and then one character of two: it is left out whole.
  EXPECT_EQ(QuoteForMessage(std::string(59, 'x') + "\u00e9\u00e9"),
            "\"" + std::string(59, 'x') + "...\"");
}

TEST(JsonObjectTest, GetsValuesAndDefaults) {
  const json value = ParseJson(
      R"({"s":"text","i":-3,"n":2.5,"b":true,"l":["x","y"],"o":{"k":1}})", "");
  JsonObject object(value, "place");
  EXPECT_EQ(object.String("s"), "text");
  EXPECT_EQ(object.Integer("i"), -3);
  EXPECT_EQ(object.Number("n"), 2.5);
  EXPECT_EQ(object.Number("i"), -3.0);
  EXPECT_TRUE(object.Bool("b"));
  EXPECT_THAT(object.Strings("l"), ElementsAre("x", "y"));
  EXPECT_EQ(object.Object("o").Integer("k"), 1);
  EXPECT_EQ(object.String("absent", "d"), "d");
  EXPECT_EQ(object.Integer("absent", 7), 7);
  EXPECT_EQ(object.Number("absent", 0.5), 0.5);
  EXPECT_TRUE(object.Bool("absent", true));
  EXPECT_EQ(object.String("s", "d"), "text");
  object.Finish();
}

TEST(JsonObjectTest, NamesMistypedAndMissingKeys) {
  const json value = ParseJson(
      R"({"s":1,"i":1.5,"big":9223372036854775808,"n":"1","b":0,"l":[1]})", "");
  JsonObject object(value, "place");
  const auto error = [](const auto& get) { return ErrorText(get); };
  EXPECT_EQ(error([&] { object.String("s"); }),
            "place: s: got 1, expected a string");
  EXPECT_EQ(error([&] { object.Integer("i"); }),
            "place: i: got 1.5, expected an integer");
  EXPECT_EQ(error([&] { object.Integer("big"); }),
            "place: big: got 9223372036854775808, expected an integer of at "
            "most 63 bits");
  EXPECT_EQ(error([&] { object.Number("n"); }),
            "place: n: got \"1\", expected a number");
  EXPECT_EQ(error([&] { object.Bool("b"); }),
            "place: b: got 0, expected true or false");
  EXPECT_EQ(error([&] { object.Strings("l"); }),
            "place: l: got [1], expected an array of strings");
  EXPECT_EQ(error([&] { object.Array("s"); }),
            "place: s: got 1, expected an array");
  EXPECT_EQ(error([&] { object.Object("s"); }),
            "place: s: got number, expected an object");
  EXPECT_EQ(error([&] { object.String("absent"); }),
            "place: key \"absent\" is missing");
}

TEST(JsonTest, WholeNumbersAreWrittenAsIntegers) {
  EXPECT_EQ(ShortNumber(10).dump(), "10");
  EXPECT_EQ(ShortNumber(-3).dump(), "-3");
  EXPECT_EQ(ShortNumber(0.8).dump(), "0.8");
  EXPECT_EQ(ShortNumber(1e300).dump(), "1e+300");
}

TEST(JsonObjectTest, SuggestsTheKeyThatWasMeant) {
  const json value = ParseJson(R"({"num_seed":3})", "");
  JsonObject object(value, "place");
  object.Integer("num_seeds", 1);
  object.Integer("steps", 50);
  EXPECT_EQ(ErrorText([&] { object.Finish(); }),
            "place: unknown key \"num_seed\"; did you mean \"num_seeds\"?");
}

TEST(JsonObjectTest, SuggestsNothingFarAway) {
  const json value = ParseJson(R"({"zzzzzz":3})", "");
  JsonObject object(value, "place");
  object.Integer("num_seeds", 1);
  EXPECT_EQ(ErrorText([&] { object.Finish(); }),
            "place: unknown key \"zzzzzz\"");
}

}  // namespace
}  // namespace gloce
