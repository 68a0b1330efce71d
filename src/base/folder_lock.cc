#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/system_error.h"
#include "gloce/base/error.h"

namespace gloce {
FolderLock::FolderLock(const std::string& folder)
    : path_(folder + "/" + kLockName) {
  while (true) {
    fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0) FailWithErrno(path_, "cannot write", errno);
    if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      close(fd_);
      if (error != EWOULDBLOCK) FailWithErrno(path_, "cannot lock", error);
      throw Error(folder +
                  ": another gloce process is writing here; wait for it or "
                  "give another place for the output");
    }
    // Its last holder may have removed it between the opening and the locking,
    // and a lock on it would exclude nobody.
    if (IsInPlace()) return;
    close(fd_);
  }
}

FolderLock::~FolderLock() { close(fd_); }

bool FolderLock::IsInPlace() const { return IsNamed(fd_, path_); }

}  // namespace gloce
