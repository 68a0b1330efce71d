#include "base/folder_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "error_text.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

using testing::HasSubstr;

TEST(FolderLockTest, RefusesASecondWriterUntilTheFirstEnds) {
  const TemporaryFolder folder;
  {
    const FolderLock lock(folder.path());
    EXPECT_THAT(ErrorText([&] { FolderLock second(folder.path()); }),
                HasSubstr("another gloce process is writing here"));
  }
  const FolderLock again(folder.path());
}

TEST(FolderLockTest, FoldersDoNotExcludeEachOther) {
  const TemporaryFolder a, b;
  const FolderLock lock_a(a.path());
  const FolderLock lock_b(b.path());
}

TEST(FolderLockTest, DiesWithItsProcess) {
  const TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const FolderLock lock(folder.path());
    const bool told = write(ready[1], "x", 1) == 1;
    if (!told) _exit(1);
    pause();
    _exit(0);
  }
  close(ready[1]);
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  EXPECT_THAT(ErrorText([&] { FolderLock second(folder.path()); }),
              HasSubstr("another gloce process"));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const FolderLock lock(folder.path());
}

TEST(FolderLockTest, SaysWhyAFolderCannotBeLocked) {
  const TemporaryFolder folder;
  EXPECT_THAT(ErrorText([&] { FolderLock lock(folder / "none"); }),
              HasSubstr("cannot write: No such file or directory"));
}

}  // namespace
}  // namespace gloce
