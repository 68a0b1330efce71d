#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gloce/base/error.h"

namespace gloce {
namespace {

// Whether `path` still names the open file. Its last holder may have removed it
// between the opening and the locking, and a lock on it would exclude nobody.
bool IsNamed(int fd, const std::string& path) {
  struct stat open_file {};
  struct stat named {};
  return fstat(fd, &open_file) == 0 && stat(path.c_str(), &named) == 0 &&
         open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

}  // namespace

FolderLock::FolderLock(const std::string& folder) {
  const std::string path = folder + "/" + kLockName;
  while (true) {
    fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0) throw Error(path + ": cannot write: " + std::strerror(errno));
    if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      close(fd_);
      throw Error(
          folder +
          (error == EWOULDBLOCK
               ? ": another gloce process is writing here; wait for it "
                 "or give another place for the output"
               : std::string(": cannot lock: ") + std::strerror(error)));
    }
    if (IsNamed(fd_, path)) return;
    close(fd_);
  }
}

FolderLock::~FolderLock() { close(fd_); }

}  // namespace gloce
