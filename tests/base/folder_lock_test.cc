#include "base/folder_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "error_text.h"
#include "gloce/base/error.h"
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

// Whoever opened the file before its holder removed it, and locks it after,
// holds a file that has no name any more: the next one would lock another.
TEST(FolderLockTest, AFileThatItsHolderRemovedExcludesStill) {
  const TemporaryFolder folder;
  std::atomic<int> holders = 0;
  std::atomic<int> at_once = 0;
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20000; ++i) {
        try {
          const FolderLock lock(folder.path());
          if (++holders > 1) ++at_once;
          ++taken;
          std::this_thread::yield();
          --holders;
          std::filesystem::remove(folder / kLockName);
        } catch (const Error&) {  // another one holds it
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(at_once, 0);
  EXPECT_GT(taken, 100);
}

TEST(FolderLockTest, SaysWhyAFolderCannotBeLocked) {
  const TemporaryFolder folder;
  EXPECT_THAT(ErrorText([&] { FolderLock lock(folder / "none"); }),
              HasSubstr("cannot write: No such file or directory"));
}

}  // namespace
}  // namespace gloce
