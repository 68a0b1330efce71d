#include "base/sha256.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/file.h"
#include "error_text.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

using testing::HasSubstr;

// The vectors of FIPS 180-2, appendix B.
TEST(Sha256Test, MatchesTheStandardsVectors) {
  EXPECT_EQ(Sha256(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, OfAFileEqualsThatOfItsBytes) {
  const TemporaryFolder folder;
  // More than two of the blocks of 1 MiB that are read, and no multiple.
  std::string bytes(2'500'001, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(i * i >> 3);
  }
  WriteFileAtomically(folder / "f", bytes);
  EXPECT_EQ(Sha256OfFile(folder / "f"), Sha256(bytes));
}

TEST(Sha256Test, SaysWhyAFileCannotBeRead) {
  const TemporaryFolder folder;
  EXPECT_THAT(ErrorText([&] { Sha256OfFile(folder / "none"); }),
              HasSubstr("none: cannot read: No such file or directory"));
  EXPECT_THAT(ErrorText([&] { Sha256OfFile(folder.path()); }),
              HasSubstr("read failed: Is a directory"));
}

}  // namespace
}  // namespace gloce
