#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "error_text.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

size_t CountFiles(const std::string& folder) {
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    count += entry.exists() ? 1 : 0;
  }
  return count;
}

// The name of a path component may have 255 bytes.
const std::string kLongName(300, 'x');

TEST(ReadFileTest, ReturnsEveryByte) {
  const TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7);
  std::ofstream(folder / "f", std::ios::binary) << bytes;
  EXPECT_EQ(ReadFile(folder / "f"), bytes);
  std::ofstream(folder / "empty", std::ios::binary).flush();
  EXPECT_EQ(ReadFile(folder / "empty"), "");
}

// Neither tells how much there is to read.
TEST(ReadFileTest, ReadsPipesAndFilesOfTheKernel) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string bytes(60'000, 'x');
  ASSERT_EQ(write(ends[1], bytes.data(), bytes.size()),
            static_cast<ssize_t>(bytes.size()));
  close(ends[1]);
  EXPECT_EQ(ReadFile("/dev/fd/" + std::to_string(ends[0])), bytes);
  close(ends[0]);
  EXPECT_THAT(ReadFile("/proc/self/status"), HasSubstr("VmRSS"));
}

TEST(ReadFileTest, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const auto error = [](const std::string& path) {
    return ErrorText([&] { ReadFile(path); });
  };
  EXPECT_EQ(error(folder / "none"),
            (folder / "none") + ": cannot read: No such file or directory");
  EXPECT_EQ(error(folder.path()),
            folder.path() + ": is a folder, expected a file");
  EXPECT_THAT(error(folder / kLongName), HasSubstr("File name too long"));
}

TEST(WriteFileAtomicallyTest, ReplacesAFileAndLeavesNoTemporary) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "f", "old");
  WriteFileAtomically(folder / "f", std::string("new\0bytes", 9));
  EXPECT_EQ(ReadFile(folder / "f"), std::string("new\0bytes", 9));
  EXPECT_EQ(CountFiles(folder.path()), 1U);
}

TEST(WriteFileAtomicallyTest, LeavesTheOldFileAndNothingElseOnFailure) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "d");  // rename over a folder fails
  EXPECT_THAT(ErrorText([&] { WriteFileAtomically(folder / "d", "x"); }),
              HasSubstr("cannot write"));
  EXPECT_THAT(ErrorText([&] { WriteFileAtomically(folder / "no/f", "x"); }),
              HasSubstr("cannot write: its folder does not exist"));
  EXPECT_EQ(CountFiles(folder.path()), 1U);
}

// Writes more than the process may, prints the error, and exits.
[[noreturn]] void WriteBeyondTheLimit(const std::string& path) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{1000, 1000};
  setrlimit(RLIMIT_FSIZE, &limit);
  std::cerr << ErrorText(
      [&] { WriteFileAtomically(path, std::string(5000, 'x')); });
  std::exit(testing::Test::HasFailure() ? 1 : 0);
}

// RLIMIT_FSIZE makes write() fail half-way, as a full disk does.
TEST(WriteFileAtomicallyTest, LeavesNothingWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "f", "old");
  EXPECT_EXIT(WriteBeyondTheLimit(folder / "f"), testing::ExitedWithCode(0),
              "write failed: File too large");
  EXPECT_EQ(ReadFile(folder / "f"), "old");
  EXPECT_EQ(CountFiles(folder.path()), 1U);
}

TEST(WriteFileAtomicallyTest, FollowsLinksAndReplacesNoDevices) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "f", "old");
  fs::create_symlink(folder / "f", folder / "link");
  WriteFileAtomically(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(ReadFile(folder / "f"), "new");
  fs::create_symlink(folder / "later", folder / "dangling");
  WriteFileAtomically(folder / "dangling", "new");
  EXPECT_EQ(ReadFile(folder / "later"), "new");
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const std::string& path : {folder / "pipe", std::string("/dev/null")}) {
    EXPECT_THAT(ErrorText([&] { WriteFileAtomically(path, "x"); }),
                HasSubstr("is a device or a pipe"));
    EXPECT_THAT(ErrorText([&] { CheckWritable(path); }),
                HasSubstr("is a device or a pipe"));
  }
}

TEST(CheckWritableTest, LeavesTheFileAsItIs) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "f", "old");
  CheckWritable(folder / "f");
  CheckWritable(folder / "new");
  EXPECT_EQ(ReadFile(folder / "f"), "old");
  EXPECT_EQ(CountFiles(folder.path()), 1U);
  EXPECT_THAT(ErrorText([&] { CheckWritable(folder.path()); }),
              HasSubstr("is a folder, expected a file name"));
  EXPECT_THAT(ErrorText([&] { CheckWritable(folder / "no/f"); }),
              HasSubstr("its folder does not exist"));
  EXPECT_THAT(ErrorText([&] { CheckWritable(folder / kLongName); }),
              HasSubstr("File name too long"));
}

TEST(CheckWritableTest, RemovesTemporariesOfDeadProcesses) {
  const TemporaryFolder folder;
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  ASSERT_EQ(waitpid(dead, nullptr, 0), dead);
  const std::string of_dead = "." + std::to_string(dead) + ".gloce-tmp";
  const std::string of_living = "." + std::to_string(getppid()) + ".gloce-tmp";
  for (const std::string& name :
       {"f" + of_dead, "f" + of_living, "g" + of_dead,
        "f.x" + std::string(".gloce-tmp"), std::string("f")}) {
    std::ofstream(folder / name).flush();
  }
  CheckWritable(folder / "f");
  EXPECT_FALSE(fs::exists(folder / ("f" + of_dead)));
  EXPECT_TRUE(fs::exists(folder / ("f" + of_living)));
  EXPECT_TRUE(fs::exists(folder / ("g" + of_dead)));
  EXPECT_TRUE(fs::exists(folder / "f.x.gloce-tmp"));
  EXPECT_TRUE(fs::exists(folder / "f"));
}

TEST(MakeFoldersTest, CreatesParentsAndAcceptsWhatIsThere) {
  const TemporaryFolder folder;
  MakeFolders(folder / "a/b/c");
  MakeFolders(folder / "a/b/c");
  EXPECT_TRUE(fs::is_directory(folder / "a/b/c"));
}

TEST(MakeFoldersTest, RefusesAFileInTheWay) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "f", "");
  EXPECT_THAT(ErrorText([&] { MakeFolders(folder / "f"); }),
              HasSubstr("cannot create the folder: "));
  EXPECT_THAT(ErrorText([&] { MakeFolders(folder / "f/g"); }),
              HasSubstr("cannot create the folder: Not a directory"));
  EXPECT_THAT(ErrorText([&] { MakeFolders(folder / kLongName); }),
              HasSubstr("cannot create the folder: File name too long"));
}

TEST(RemoveStaleTemporariesTest, RemovesOnlyTemporaries) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "sub");
  // More than Linux ever gives a process.
  for (const char* name : {"a.png", "a.png.4194305.gloce-tmp", "gloce-tmp",
                           "sub/b.4194305.gloce-tmp"}) {
    std::ofstream(folder / name).flush();
  }
  const std::string of_living = "c." + std::to_string(getppid()) + ".gloce-tmp";
  std::ofstream(folder / of_living).flush();
  RemoveStaleTemporaries(folder.path());
  EXPECT_TRUE(fs::exists(folder / of_living));
  EXPECT_TRUE(fs::exists(folder / "a.png"));
  EXPECT_TRUE(fs::exists(folder / "gloce-tmp"));
  EXPECT_TRUE(fs::exists(folder / "sub/b.4194305.gloce-tmp"));
  EXPECT_FALSE(fs::exists(folder / "a.png.4194305.gloce-tmp"));
}

}  // namespace
}  // namespace gloce
