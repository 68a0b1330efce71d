#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gloce/base/error.h"

namespace gloce {

FolderLock::FolderLock(const std::string& folder) {
  const std::string path = folder + "/" + kLockName;
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) throw Error(path + ": cannot write: " + std::strerror(errno));
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    close(fd_);
    throw Error(
        folder +
        (error == EWOULDBLOCK
             ? ": another gloce process is writing here; wait for it or choose "
               "another output folder"
             : std::string(": cannot lock: ") + std::strerror(error)));
  }
}

FolderLock::~FolderLock() { close(fd_); }

}  // namespace gloce
