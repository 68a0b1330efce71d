#include "base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "base/system_error.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;

// Temporaries are "<name>.<pid>.gloce-tmp", in the target's folder so that
// rename() is atomic.
constexpr std::string_view kTemporarySuffix = ".gloce-tmp";

constexpr size_t kReadChunk = 1 << 20;

std::string TemporaryName(const std::string& path) {
  return path + "." + std::to_string(getpid()) + std::string(kTemporarySuffix);
}

// Whether `name` is that of a temporary whose process, on this machine, is no
// more, or had this one's number, as in a container. Another process may be
// writing the same file, or one beside it, now.
bool IsStaleTemporary(std::string_view name) {
  if (!name.ends_with(kTemporarySuffix)) return false;
  name.remove_suffix(kTemporarySuffix.size());
  const size_t dot = name.rfind('.');
  if (dot == name.npos) return false;
  name.remove_prefix(dot + 1);
  pid_t pid = 0;
  const auto [end, error] =
      std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size() || pid <= 0)
    return false;
  return pid == getpid() || (kill(pid, 0) != 0 && errno == ESRCH);
}

void RemoveStaleTemporariesOf(const fs::path& path) {
  const std::string prefix = path.filename().string() + ".";
  std::error_code unreadable;  // which opening the probe will report
  const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
  for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
    const std::string name = entry.path().filename().string();
    std::error_code ignored;  // a file that stays harms nobody
    if (name.starts_with(prefix) && IsStaleTemporary(name))
      fs::remove(entry.path(), ignored);
  }
}

// False if that cannot be found out: opening the file will say why.
bool IsFolder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// Where `path` leads if it is a link, so that a link stays one. Throws Error if
// something other than a file stands there, which a rename would replace.
std::string Target(const std::string& path) {
  std::error_code missing;  // then it is a new file's name
  fs::path target = path;
  for (int hops = 0; fs::is_symlink(target, missing) && hops < 40; ++hops) {
    const fs::path link = fs::read_symlink(target, missing);
    target = link.is_absolute() ? link : target.parent_path() / link;
  }
  const fs::file_status status = fs::status(target, missing);
  if (fs::exists(status) && !fs::is_regular_file(status) &&
      !fs::is_directory(status)) {
    throw Error(path + ": is a device or a pipe, expected a file name");
  }
  return target.string();
}

// A file that is read, and closed in the end.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) FailWithErrno(path, "cannot read", errno);
  }
  ~OpenFile() { close(fd_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int fd() const { return fd_; }

 private:
  const int fd_;
};

// That a file could not be made, or renamed, in its folder.
[[noreturn]] void FailToPlace(const std::string& path, int error) {
  if (error == ENOENT)
    throw Error(path + ": cannot write: its folder does not exist");
  FailWithErrno(path, "cannot write", error);
}

// A file descriptor that closes itself, and a name that is unlinked unless it
// was renamed.
class Temporary {
 public:
  explicit Temporary(const std::string& target) : name_(TemporaryName(target)) {
    fd_ = open(name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd_ < 0) FailToPlace(target, errno);
  }
  ~Temporary() {
    if (fd_ >= 0) close(fd_);
    if (!name_.empty()) unlink(name_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  void Write(const std::string& target, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) FailWithErrno(target, "write failed", errno);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }
  void RenameTo(const std::string& target) {
    if (fsync(fd_) != 0) FailWithErrno(target, "write failed", errno);
    const int fd = fd_;
    fd_ = -1;
    if (close(fd) != 0) FailWithErrno(target, "write failed", errno);
    if (rename(name_.c_str(), target.c_str()) != 0) FailToPlace(target, errno);
    name_.clear();
  }

 private:
  std::string name_;
  int fd_ = -1;
};

}  // namespace

std::string ReadFile(const std::string& path) {
  const OpenFile file(path);
  struct stat status {};
  if (fstat(file.fd(), &status) != 0) FailWithErrno(path, "cannot read", errno);
  if (S_ISDIR(status.st_mode))
    throw Error(path + ": is a folder, expected a file");
  // A pipe does not tell its size, and a file may grow meanwhile. One byte more
  // than the size shows the end without more room.
  size_t room = S_ISREG(status.st_mode) && status.st_size > 0
                    ? static_cast<size_t>(status.st_size) + 1
                    : kReadChunk;
  std::string bytes;
  for (size_t size = 0;; room = kReadChunk) {
    bytes.resize(size + room);
    while (size < bytes.size()) {
      const ssize_t count =
          read(file.fd(), bytes.data() + size, bytes.size() - size);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) FailWithErrno(path, "read failed", errno);
      if (count == 0) {
        bytes.resize(size);
        return bytes;
      }
      size += static_cast<size_t>(count);
    }
  }
}

void WriteFileAtomically(const std::string& path, std::string_view bytes) {
  const std::string target = Target(path);
  Temporary temporary(target);
  temporary.Write(path, bytes);
  temporary.RenameTo(target);
}

void WriteFileAtomically(const std::string& path,
                         const std::function<bool(std::string&)>& next) {
  const std::string target = Target(path);
  Temporary temporary(target);
  for (std::string piece; next(piece);) temporary.Write(path, piece);
  temporary.RenameTo(target);
}

void CheckWritable(const std::string& path) {
  if (IsFolder(path)) throw Error(path + ": is a folder, expected a file name");
  const std::string target = Target(path);
  RemoveStaleTemporariesOf(target);
  Temporary probe(target);
}

void MakeFolders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (IsFolder(path)) return;
  const std::string what = "cannot create the folder";
  if (error) FailWithErrno(path, what, error.value());
  throw Error(path + ": " + what + ": a file of that name exists");
}

bool IsNamed(int fd, const std::string& path) {
  struct stat open_file {};
  struct stat named {};
  return fstat(fd, &open_file) == 0 && stat(path.c_str(), &named) == 0 &&
         open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

void RemoveStaleTemporaries(const std::string& folder) {
  std::error_code error;
  const fs::directory_iterator entries(folder, error);
  if (error) FailWithErrno(folder, "cannot list", error.value());
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (IsStaleTemporary(name)) {
      std::error_code
          ignored;  // a temporary that cannot be removed harms nobody
      fs::remove(entry.path(), ignored);
    }
  }
}

}  // namespace gloce
