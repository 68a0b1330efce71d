#include "base/system_error.h"

#include <cerrno>
#include <cstring>

#include "gloce/base/error.h"

namespace gloce {

const char* SystemAdvice(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; make room there and start the same command again";
    case EFBIG:
      return "; raise the limit on the size of files (ulimit -f)";
    case EROFS:
      return "; give a place that can be written to";
    case EACCES:
    case EPERM:
      return "; see who owns it and what its permissions are";
    case ENOLCK:
    case ENOSYS:
    case ENOTSUP:
      return "; the file system does not do that: have it mounted so that it "
             "does (Lustre: -o flock), or give another place";
    case EMFILE:
      return "; raise the limit on open files (ulimit -n)";
    default:
      return "";
  }
}

void FailWithErrno(const std::string& path, const std::string& what,
                   int error) {
  throw Error(path + ": " + what + ": " + std::strerror(error) +
              SystemAdvice(error));
}

}  // namespace gloce
