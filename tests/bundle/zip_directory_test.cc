#include "bundle/zip_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/file.h"
#include "error_text.h"

namespace gloce {
namespace {

using testing::HasSubstr;

std::vector<ZipRecord> Read(const std::string& bytes) {
  std::istringstream in(bytes);
  return ReadZipDirectory(in, "x.pt");
}

// Little-endian.
std::string Number(uint64_t value, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) {
    bytes += i < 8 ? static_cast<char>(value >> 8 * i & 0xFF) : '\0';
  }
  return bytes;
}

struct Entry {
  std::string name;
  uint64_t method = 0;
  uint64_t packed = 0;
  uint64_t size = 0;
  std::string extra = {};
};

// A file that begins with `data`, which nobody looks at, and has a directory.
std::string Archive(const std::string& data,
                    const std::vector<Entry>& entries) {
  std::string directory;
  for (const Entry& e : entries) {
    directory += "PK\1\2" + Number(0, 6) + Number(e.method, 2) + Number(0, 8) +
                 Number(e.packed, 4) + Number(e.size, 4) +
                 Number(e.name.size(), 2) + Number(e.extra.size(), 2) +
                 Number(0, 14) + e.name + e.extra;
  }
  return data + directory + "PK\5\6" + Number(0, 4) +
         Number(entries.size(), 2) + Number(entries.size(), 2) +
         Number(directory.size(), 4) + Number(data.size(), 4) + Number(0, 2);
}

std::string Complaint(const std::string& bytes) {
  return ErrorText([&] { Read(bytes); });
}

// Written by torch.jit.save, with zip64.
TEST(ZipDirectoryTest, ReadsTorchsArchives) {
  const auto records =
      Read(ReadFile(GLOCE_TEST_DATA "/../fuzz/corpus/archive/torch"));
  ASSERT_EQ(records.size(), 15U);
  EXPECT_EQ(records[0].name, "t/data/0");
  EXPECT_EQ(records[0].size, 80U);
  EXPECT_EQ(records[4].name, "t/code/__torch__.py");
  EXPECT_EQ(records[4].size, 417U);
}

TEST(ZipDirectoryTest, ReadsSizesOf64Bits) {
  const std::string extra =
      Number(1, 2) + Number(16, 2) + Number(7, 8) + Number(7, 8);
  const auto records =
      Read(Archive("0123456", {{"x/a", 0, 0xFFFFFFFF, 0xFFFFFFFF, extra}}));
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].size, 7U);
}

TEST(ZipDirectoryTest, RefusesBombs) {
  EXPECT_EQ(Read(Archive("xx", {{"x/a", 8, 1, 1000}, {"x/b", 0, 1, 1}})).size(),
            2U);
  EXPECT_THAT(Complaint(Archive(
                  "x", {{"x/a", 8, 1, kMaxInflatedBytes}, {"x/b", 8, 0, 1}})),
              HasSubstr("unpacks to more than 256 MiB, up to record \"x/b\""));
  EXPECT_THAT(
      Complaint(Archive("x", {{"x/a", 0, 200, 200}, {"x/b", 0, 200, 200}})),
      HasSubstr("records are larger than the file"));
  EXPECT_THAT(Complaint(Archive("x", {{"x/a", 0, 1, 2}})),
              HasSubstr("two sizes"));
  EXPECT_THAT(Complaint(Archive("x", {{"x/a", 12, 1, 1}})),
              HasSubstr("unknown way"));
  EXPECT_THAT(Complaint(Archive("x", {{"x/Aa", 0, 0, 0}, {"x/aA", 0, 0, 0}})),
              HasSubstr("record \"x/aA\" stands twice"));
}

TEST(ZipDirectoryTest, RefusesWhatCouldBeReadInTwoWays) {
  const std::string good = Archive("x", {{"x/a", 0, 1, 1}});
  for (const std::string& bad :
       {good + "x", "y" + good, good.substr(0, good.size() - 1), good.substr(3),
        std::string(), std::string("PK\5\6"),
        // A comment that holds another end.
        good.substr(0, good.size() - 2) + Number(22, 2) +
            good.substr(good.size() - 22)}) {
    EXPECT_THAT(Complaint(bad), HasSubstr("x.pt: not an archive that"));
  }
}

}  // namespace
}  // namespace gloce
