#include "bundle/pickle_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_text.h"

namespace gloce {
namespace {

using testing::HasSubstr;

const std::map<std::string, uint64_t> kSizes = {{"0", 16}, {"1", 8}};

// With the protocol before and the end behind.
std::string Whole(const std::string& instructions) {
  return "\x80\x02" + instructions + ".";
}

uint64_t Check(const std::string& instructions) {
  return CheckPickle(Whole(instructions), kSizes, "x.pt: data.pkl");
}

std::string Complaint(const std::string& instructions) {
  return ErrorText([&] { Check(instructions); });
}

std::string Text(const std::string& text) {
  return "X" + std::string(1, static_cast<char>(text.size())) +
         std::string(3, '\0') + text;
}

// Loads `count` elements of the storage `key`.
std::string Storage(const std::string& key, char count,
                    const std::string& type = "FloatStorage") {
  return "(" + Text("storage") + "ctorch\n" + type + "\n" + Text(key) +
         Text("cpu") + "K" + std::string(1, count) + "tQ";
}

TEST(PickleCheckTest, CountsWhatItReads) {
  EXPECT_EQ(Check("N"), 0U);
  EXPECT_EQ(Check(Storage("0", 4)), 16U);
  EXPECT_EQ(Check(Storage("0", 3)), 12U);
  EXPECT_EQ(Check(Storage("1", 1, "DoubleStorage")), 8U);
  EXPECT_EQ(Check(Storage("gone", 0)), 0U);
  EXPECT_EQ(Check("(" + Storage("0", 4) + Storage("0", 4) + "t"), 32U);
}

TEST(PickleCheckTest, NoStorageExceedsItsRecord) {
  EXPECT_THAT(Complaint(Storage("0", 5)),
              HasSubstr("storage \"0\": claims 5 elements of 4 bytes, its "
                        "record has 16 bytes"));
  EXPECT_THAT(Complaint(Storage("1", 2, "LongStorage")), HasSubstr("claims 2"));
  EXPECT_THAT(Complaint(Storage("gone", 1)), HasSubstr("has 0 bytes"));
  // -1, as BININT, and numbers that are no literals.
  EXPECT_THAT(Complaint("(" + Text("storage") + "ctorch\nFloatStorage\n" +
                        Text("0") + Text("cpu") + "J\xFF\xFF\xFF\xFFtQ"),
              HasSubstr("claims -1 elements"));
  EXPECT_THAT(Complaint("(" + Text("storage") + "ctorch\nFloatStorage\n" +
                        Text("0") + Text("cpu") + "NtQ"),
              HasSubstr("no storage"));
  EXPECT_THAT(Complaint(Text("storage") + "Q"), HasSubstr("no storage"));
  EXPECT_THAT(Complaint(Storage("0", 1, "QInt8Storage")),
              HasSubstr("\"torch.QInt8Storage\" is refused"));
}

TEST(PickleCheckTest, ObjectsAreOfTheArchivesClasses) {
  EXPECT_EQ(Check("c__torch__.a\nB\n)\x81}b"), 0U);
  EXPECT_THAT(Complaint("c__torch__.torch.classes.rpc\nX\n)\x81}b"),
              HasSubstr("torch.classes.rpc.X\" is refused"));
  EXPECT_THAT(Complaint("c__torch__.torch\nclasses.rpc.X\n)\x81}b"),
              HasSubstr("is refused"));
  EXPECT_THAT(Complaint("cos\nsystem\n" + Text("ls") + "\x85R"),
              HasSubstr("\"os.system\" is refused"));
  EXPECT_THAT(Complaint("ccollections\nOrderedDict\n)\x81"),
              HasSubstr("makes an object of no class"));
  EXPECT_THAT(Complaint("N}b"), HasSubstr("builds what is no object"));
}

TEST(PickleCheckTest, OnlyFunctionsAreCalled) {
  EXPECT_EQ(Check("ccollections\nOrderedDict\n)R"), 0U);
  // LibTorch's stack has functions as their numbers.
  EXPECT_THAT(Complaint("K\x01)R"), HasSubstr("calls what is no function"));
  EXPECT_THAT(Complaint("c__torch__.a\nB\n)R"), HasSubstr("no function"));
}

TEST(PickleCheckTest, TheStackAndTheMemoHold) {
  for (const char* instructions : {"t",
                                   "(",
                                   "N(",
                                   "0",
                                   "Q",
                                   "R",
                                   "b",
                                   "\x81",
                                   "a",
                                   "Na",
                                   "e",
                                   "(e",
                                   "u",
                                   "}(Nu",
                                   "\x85",
                                   "(\x85",
                                   "NN",
                                   "q",
                                   "X\xFF\xFF\xFF\xFF",
                                   "G",
                                   "cx"}) {
    EXPECT_THAT(Complaint(instructions), HasSubstr("x.pt: data.pkl: byte "))
        << instructions;
  }
  EXPECT_EQ(Check("(Nq\x05h\x05t"), 0U);
  EXPECT_THAT(Complaint("h\x05"), HasSubstr("recalls a value"));
  EXPECT_THAT(Complaint("Nr\xFF\xFF\xFF\x7F"), HasSubstr("too many values"));
  EXPECT_THAT(ErrorText([] { CheckPickle("\x80\x04N.", kSizes, "x"); }),
              HasSubstr("expected protocol 2"));
}

TEST(PickleCheckTest, DeeplyNestedTuplesAreRead) {
  EXPECT_EQ(Check(")" + std::string(1'000'000, '\x85')), 0U);
}

}  // namespace
}  // namespace gloce
