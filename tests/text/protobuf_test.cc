#include "text/protobuf.h"

#include <gtest/gtest.h>

#include <string>

namespace gloce {
namespace {

TEST(ProtobufTest, TakesFieldsOfEveryKind) {
  const std::string bytes(
      "\x08\xac\x02\x12\3abc\x1d\1\2\3\4\x21\1\0\0\0\0\0\0\x80", 22);
  std::string_view message = bytes;
  auto field = TakeProtobufField(message);
  ASSERT_TRUE(field.has_value());
  EXPECT_EQ(field->number, 1U);
  EXPECT_EQ(field->value, 300U);
  field = TakeProtobufField(message);
  ASSERT_TRUE(field.has_value());
  EXPECT_EQ(field->number, 2U);
  EXPECT_EQ(field->bytes, "abc");
  field = TakeProtobufField(message);
  ASSERT_TRUE(field.has_value());
  EXPECT_EQ(field->number, 3U);
  EXPECT_EQ(field->value, 0x04030201U);
  field = TakeProtobufField(message);
  ASSERT_TRUE(field.has_value());
  EXPECT_EQ(field->number, 4U);
  EXPECT_EQ(field->value, 0x8000000000000001U);
  EXPECT_TRUE(message.empty());
  EXPECT_FALSE(TakeProtobufField(message).has_value());
}

TEST(ProtobufTest, LeavesWhatIsNoField) {
  for (const std::string& bytes :
       {std::string("\x08"), std::string("\x08\xff"), std::string("\x12\4abc"),
        std::string("\x1d\1\2\3"), std::string("\x0b"), std::string("\0\1", 2),
        std::string(11, '\xff'),
        std::string("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                    "abc")}) {
    std::string_view message = bytes;
    EXPECT_FALSE(TakeProtobufField(message).has_value()) << bytes;
    EXPECT_EQ(message, bytes);
  }
}

}  // namespace
}  // namespace gloce
