#include "bundle/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "error_text.h"

namespace gloce {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const char* const kGolden = GLOCE_TEST_DATA "/golden/python.safetensors";

std::string Length(uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) {
    bytes += static_cast<char>(length >> (8 * i) & 0xFF);
  }
  return bytes;
}

// A file with this header, and `data_size` zero bytes after it.
std::string File(const std::string& header, size_t data_size = 0) {
  return Length(header.size()) + header + std::string(data_size, '\0');
}

// A file with the single F32 tensor "t" of shape [2], its fields replaced.
std::string FileWith(const std::string& dtype, const std::string& shape,
                     const std::string& offsets, size_t data_size = 8) {
  return File(R"({"t":{"dtype":)" + dtype + R"(,"shape":)" + shape +
                  R"(,"data_offsets":)" + offsets + "}}",
              data_size);
}

std::string ParseError(const std::string& bytes) {
  return ErrorText([&] { SafetensorsFile::Parse(bytes, "f"); });
}

template <typename T>
std::string Bytes(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TEST(SafetensorsTest, ReadsEveryTypeThatPythonWrote) {
  const SafetensorsFile file =
      SafetensorsFile::Parse(ReadFile(kGolden), kGolden);
  EXPECT_THAT(file.metadata(),
              ElementsAre(std::pair("note", "tab\t, quote \", \u732b")));
  ASSERT_EQ(file.entries().size(), 13U);
  const auto expect = [&](const std::string& name, const std::string& dtype,
                          const std::vector<int64_t>& shape,
                          const std::string& data) {
    const SafetensorsEntry* entry = file.Find(name);
    ASSERT_NE(entry, nullptr) << name;
    EXPECT_EQ(entry->dtype, dtype);
    EXPECT_EQ(entry->shape, shape) << name;
    EXPECT_EQ(entry->data, data) << name;
  };
  expect("f64", "F64", {2}, Bytes<double>({0.1, -1e300}));
  expect("f32", "F32", {2, 3},
         Bytes<float>({0.0F, -0.0F, 1.5F, -2.25F, 3e38F, 1e-45F}));
  expect("f16", "F16", {3}, Bytes<uint16_t>({0x3C00, 0xFBFF, 0x3800}));
  expect("bf16", "BF16", {2}, Bytes<uint16_t>({0x3F80, 0xFF7F}));
  expect("i64", "I64", {1, 2},
         Bytes<int64_t>({std::numeric_limits<int64_t>::min(),
                         std::numeric_limits<int64_t>::max()}));
  expect("i32", "I32", {2}, Bytes<uint32_t>({0x80000000U, 0x7FFFFFFFU}));
  expect("i16", "I16", {2}, Bytes<int16_t>({-32768, 32767}));
  expect("i8", "I8", {2}, Bytes<int8_t>({-128, 127}));
  expect("u8", "U8", {3}, Bytes<uint8_t>({0, 127, 255}));
  expect("bool", "BOOL", {2}, Bytes<uint8_t>({0, 1}));
  expect("scalar", "F32", {}, Bytes<float>({42.0F}));
  expect("empty", "F32", {0, 4}, "");
  expect("quote \" and \u00e9\u732b", "U8", {1}, "\x07");
  EXPECT_EQ(file.Find("f"), nullptr);
}

TEST(SafetensorsTest, WritesTheBytesThatPythonWrote) {
  const SafetensorsFile file =
      SafetensorsFile::Parse(ReadFile(kGolden), kGolden);
  EXPECT_EQ(SerializeSafetensors(file.entries(), file.metadata()),
            ReadFile(kGolden));
}

TEST(SafetensorsTest, ViewsSurviveMovesAndCopies) {
  SafetensorsFile copy = [] {
    const SafetensorsFile file = SafetensorsFile::Parse(
        SerializeSafetensors({{"a", "U8", {3}, "abc"}}, {}), "f");
    return SafetensorsFile(file);
  }();
  const SafetensorsFile moved = std::move(copy);
  EXPECT_EQ(moved.Find("a")->data, "abc");
}

TEST(SafetensorsTest, KeepsTheOrderGivenButPutsLargerElementsFirst) {
  const std::string zeros(8, '\0');
  const std::string bytes = SerializeSafetensors({{"z", "U8", {1}, "\1"},
                                                  {"y", "F32", {0}, ""},
                                                  {"x", "U8", {1}, "\2"},
                                                  {"w", "I64", {1}, zeros}},
                                                 {{"b", "2"}, {"a", "1"}});
  const std::string header =
      R"({"__metadata__":{"a":"1","b":"2"},)"
      R"("w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
      R"("y":{"dtype":"F32","shape":[0],"data_offsets":[8,8]},)"
      R"("z":{"dtype":"U8","shape":[1],"data_offsets":[8,9]},)"
      R"("x":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}})";
  const std::string padding((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(bytes, Length(header.size() + padding.size()) + header + padding +
                       zeros + "\1\2");
}

TEST(SafetensorsTest, AcceptsAFileWithoutTensors) {
  EXPECT_TRUE(SafetensorsFile::Parse(File("{}"), "f").entries().empty());
  EXPECT_TRUE(SafetensorsFile::Parse(File("{}      "), "f").entries().empty());
  const auto file =
      SafetensorsFile::Parse(SerializeSafetensors({}, {{"k", "v"}}), "f");
  EXPECT_THAT(file.metadata(), ElementsAre(std::pair("k", "v")));
}

TEST(SafetensorsTest, RefusesABrokenHeader) {
  EXPECT_EQ(ParseError("abc"),
            "f: got 3 bytes, expected at least 8; not a safetensors file");
  EXPECT_EQ(ParseError(Length(5) + "{}"),
            "f: header length: got 5, but only 2 bytes follow; the file is cut "
            "short");
  EXPECT_EQ(ParseError(Length(100'000'001) + "{}"),
            "f: header length: got 100000001, expected at most 100000000; not "
            "a safetensors file");
  EXPECT_THAT(ParseError(Length(~uint64_t{0}) + "{}"),
              HasSubstr("got 18446744073709551615"));
  const std::string no_object = "f: header: expected a JSON object";
  EXPECT_THAT(ParseError(File("")), StartsWith(no_object));
  EXPECT_THAT(ParseError(File("[]")), StartsWith(no_object));
  EXPECT_THAT(ParseError(File(" {}")), StartsWith(no_object));
  for (const char* header : {"{", "{}}", "{}x", "{/**/}", "{\"\xff\":1}"}) {
    EXPECT_THAT(ParseError(File(header)),
                StartsWith("f: header: not valid JSON: "))
        << header;
  }
}

TEST(SafetensorsTest, RefusesDuplicateMissingAndUnknownKeys) {
  EXPECT_EQ(ParseError(File(R"({"a\n":1,"a\n":2})")),
            R"(f: header: duplicate key "a\n")");
  EXPECT_EQ(ParseError(File(R"({"a":{"dtype":"F32","dtype":"F32"}})")),
            R"(f: header: duplicate key "dtype")");
  EXPECT_EQ(ParseError(File(R"({"__metadata__":{"k":"1","k":"2"}})")),
            R"(f: header: duplicate key "k")");
  EXPECT_EQ(ParseError(File(R"({"t":{"dtype":"F32","shape":[1]}})")),
            R"(f: tensor "t": key "data_offsets" is missing)");
  EXPECT_EQ(
      ParseError(File(
          R"({"t":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}})")),
      R"(f: tensor "t": unknown key "x")");
  EXPECT_EQ(ParseError(File(R"({"t":[]})")),
            R"(f: tensor "t": got array, expected an object)");
}

TEST(SafetensorsTest, RefusesWrongTypesAndShapes) {
  EXPECT_EQ(ParseError(FileWith(R"("F31")", "[2]", "[0,8]")),
            "f: tensor \"t\": dtype: got \"F31\", expected one of F64 F32 F16 "
            "BF16 I64 I32 I16 I8 U8 BOOL");
  EXPECT_THAT(ParseError(FileWith("7", "[2]", "[0,8]")),
              HasSubstr("dtype: got 7, expected a string"));
  EXPECT_THAT(ParseError(FileWith(R"("F32")", "2", "[0,8]")),
              HasSubstr("shape: got 2, expected an array"));
  EXPECT_THAT(ParseError(FileWith(R"("F32")", "[-2]", "[0,8]")),
              HasSubstr("shape: got -2, expected no negative number"));
  for (const char* size : {"2.0", "\"2\"", "null", "18446744073709551615"}) {
    const std::string shape = std::string("[") + size + "]";
    EXPECT_THAT(ParseError(FileWith(R"("F32")", shape, "[0,8]")),
                HasSubstr("expected integers of at most 63 bits"))
        << size;
  }
  for (const char* shape : {"[4611686018427387904]", "[4294967296,4294967296]",
                            "[9223372036854775807,9223372036854775807,0]"}) {
    EXPECT_THAT(ParseError(FileWith(R"("F32")", shape, "[0,8]")),
                HasSubstr("shape: its number of bytes overflows 63 bits"))
        << shape;
  }
}

TEST(SafetensorsTest, RefusesOffsetsThatDoNotFit) {
  for (const char* offsets : {"[8,0]", "[-8,0]", "[0]", "[0,4,8]", "[]"}) {
    EXPECT_THAT(ParseError(FileWith(R"("F32")", "[2]", offsets)),
                HasSubstr("expected [begin, end] with 0 <= begin <= end"))
        << offsets;
  }
  EXPECT_EQ(ParseError(FileWith(R"("F32")", "[2]", "[0,8]", 7)),
            "f: tensor \"t\": data_offsets: got [0,8], but the file has 7 "
            "bytes of tensors; it is cut short");
  EXPECT_THAT(
      ParseError(FileWith(R"("F32")", "[2]", "[0,9223372036854775807]")),
      HasSubstr("it is cut short"));
  EXPECT_EQ(ParseError(FileWith(R"("F32")", "[3]", "[0,8]")),
            "f: tensor \"t\": data_offsets: got [0,8], which is 8 bytes, "
            "expected 12 of its shape");
}

TEST(SafetensorsTest, RefusesOverlapsHolesAndTrailingBytes) {
  const auto two = [](const std::string& first, const std::string& second,
                      size_t data_size) {
    const std::string field = R"("dtype":"U8","shape":[4],"data_offsets":)";
    return File(
        "{\"a\":{" + field + first + "},\"b\":{" + field + second + "}}",
        data_size);
  };
  EXPECT_EQ(
      SafetensorsFile::Parse(two("[4,8]", "[0,4]", 8), "f").entries()[0].name,
      "b");
  EXPECT_EQ(ParseError(two("[0,4]", "[3,7]", 7)),
            "f: tensor \"b\": begins at byte 3, inside the tensor before it "
            "(overlap)");
  EXPECT_EQ(ParseError(two("[0,4]", "[0,4]", 4)),
            "f: tensor \"b\": begins at byte 0, inside the tensor before it "
            "(overlap)");
  EXPECT_EQ(ParseError(two("[0,4]", "[5,9]", 9)),
            "f: tensor \"b\": begins at byte 5, expected 4 (hole)");
  EXPECT_EQ(ParseError(two("[1,5]", "[5,9]", 9)),
            "f: tensor \"a\": begins at byte 1, expected 0 (hole)");
  EXPECT_EQ(ParseError(two("[0,4]", "[4,8]", 9)),
            "f: got 1 bytes after the last tensor, expected none");
  EXPECT_EQ(ParseError(File("{}", 2)),
            "f: got 2 bytes after the last tensor, expected none");
}

TEST(SafetensorsTest, RefusesMetadataThatIsNotText) {
  EXPECT_EQ(ParseError(File(R"({"__metadata__":[]})")),
            "f: metadata: got array, expected an object of texts");
  EXPECT_EQ(ParseError(File(R"({"__metadata__":{"a\n":1}})")),
            R"(f: metadata: "a\n": got number, expected a string)");
}

// The parser is iterative; so must be everything that is done with its result.
TEST(SafetensorsTest, RefusesDeepNestingWithoutExhaustingTheStack) {
  const size_t depth = 1'000'000;
  EXPECT_EQ(ParseError(File("{\"t\":" + std::string(depth, '['))),
            "f: header: nested deeper than 64 levels");
  std::string objects = "{";
  for (size_t i = 0; i < depth; ++i) objects += "\"t\":{";
  EXPECT_EQ(ParseError(File(objects)),
            "f: header: nested deeper than 64 levels");
}

TEST(SafetensorsTest, MessagesStayShortForHostileNames) {
  const std::string name(1'000'000, 'x');
  EXPECT_THAT(ParseError(File("{\"" + name + "\":1}")),
              HasSubstr("xxx...\": got number, expected an object"));
  EXPECT_THAT(ParseError(File("{\"" + name)), HasSubstr("not valid JSON"));
}

struct BadFloat {
  const char* dtype;
  std::string bytes;
};

TEST(SafetensorsTest, RefusesEveryNonFiniteFloat) {
  const std::vector<BadFloat> bad = {
      {"F64", Bytes<uint64_t>({0x7FF0000000000000})},  // infinity
      {"F64", Bytes<uint64_t>({0xFFF0000000000000})},  // −infinity
      {"F64", Bytes<uint64_t>({0x7FF0000000000001})},  // signalling NaN
      {"F32", Bytes<uint32_t>({0x7F800000})},
      {"F32", Bytes<uint32_t>({0xFF800000})},
      {"F32", Bytes<uint32_t>({0xFFC00000})},
      {"F16", Bytes<uint16_t>({0x7C00})},
      {"F16", Bytes<uint16_t>({0xFE00})},
      {"BF16", Bytes<uint16_t>({0x7F80})},
      {"BF16", Bytes<uint16_t>({0xFFC1})},
  };
  for (const BadFloat& value : bad) {
    // At either end of the blocks of 1024 that are looked at together.
    for (const size_t index :
         {size_t{0}, size_t{1023}, size_t{1024}, size_t{2500}}) {
      std::string data(2501 * value.bytes.size(), '\1');
      data.replace(index * value.bytes.size(), value.bytes.size(), value.bytes);
      const std::string dtype = std::string("\"") + value.dtype + '"';
      std::string file =
          FileWith(dtype, "[2501]", "[0," + std::to_string(data.size()) + "]",
                   0) +
          data;
      EXPECT_EQ(ParseError(file),
                "f: tensor \"t\": element " + std::to_string(index) +
                    ": got NaN or infinity, expected a finite number");
    }
  }
}

TEST(SafetensorsTest, AcceptsTheBitsOfNaNInIntegers) {
  const std::string ones(8, '\xff');
  for (const char* dtype : {"I64", "I32", "I16", "I8", "U8"}) {
    const int64_t size = dtype == std::string("I64")   ? 8
                         : dtype == std::string("I32") ? 4
                         : dtype == std::string("I16") ? 2
                                                       : 1;
    const auto file = SafetensorsFile::Parse(
        SerializeSafetensors({{"t", dtype, {8 / size}, ones}}, {}), "f");
    EXPECT_EQ(file.Find("t")->data, ones);
  }
}

TEST(SafetensorsTest, RefusesABoolOtherThan0And1) {
  EXPECT_EQ(ParseError(FileWith(R"("BOOL")", "[2]", "[0,2]", 0) + "\1\2"),
            "f: tensor \"t\": element 1: got a value other than 0 and 1");
}

TEST(SafetensorsTest, WriterRefusesWhatTheReaderWould) {
  const auto write_error =
      [](const std::vector<SafetensorsEntry>& entries,
         const std::map<std::string, std::string>& meta = {}) {
        return ErrorText([&] { SerializeSafetensors(entries, meta); });
      };
  EXPECT_THAT(write_error({{"t", "F32", {2}, "1234567"}}),
              HasSubstr("got 7 bytes, expected 8 of its shape"));
  EXPECT_THAT(write_error({{"t", "F99", {1}, "1234"}}),
              HasSubstr("dtype: got \"F99\""));
  EXPECT_THAT(write_error({{"t", "U8", {1}, "1"}, {"t", "U8", {1}, "1"}}),
              HasSubstr("the name is taken"));
  EXPECT_THAT(write_error({{"__metadata__", "U8", {1}, "1"}}),
              HasSubstr("the name is taken"));
  EXPECT_THAT(write_error({{"t", "F16", {1}, std::string("\0\x7c", 2)}}),
              HasSubstr("got NaN or infinity"));
  EXPECT_THAT(write_error({{"\xff", "U8", {1}, "1"}}), HasSubstr("not UTF-8"));
  EXPECT_THAT(write_error({}, {{"k", "\xff"}}), HasSubstr("not UTF-8"));
}

// Every file with one byte changed is refused or still whole; none crashes.
TEST(SafetensorsTest, EveryFlippedHeaderBitIsRefusedOrHarmless) {
  const std::string good = ReadFile(kGolden);
  const size_t header_end = good.find("}}") + 2;
  int refused = 0;
  for (size_t bit = 0; bit < 8 * header_end; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    try {
      const auto file = SafetensorsFile::Parse(bytes, "f");
      size_t total = 0;
      for (const auto& entry : file.entries()) total += entry.data.size();
      EXPECT_LT(total, good.size());
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, static_cast<int>(4 * header_end));
}

TEST(SafetensorsTest, EveryTruncationIsRefused) {
  const std::string good = ReadFile(kGolden);
  for (size_t size = 0; size < good.size(); ++size) {
    ErrorText([&] { SafetensorsFile::Parse(good.substr(0, size), "f"); });
  }
}

}  // namespace
}  // namespace gloce
