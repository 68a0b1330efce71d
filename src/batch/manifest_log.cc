#include "batch/manifest_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

[[noreturn]] void Fail(const std::string& path, const std::string& what,
                       int error) {
  throw Error(path + ": " + what + ": " + std::strerror(error));
}

int OpenForAppending(const std::string& path) {
  const int fd =
      open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) Fail(path, "cannot write", errno);
  return fd;
}

}  // namespace

std::string ReadManifest(
    const std::string& path,
    const std::function<void(const RunRecord&, size_t, size_t)>& seen) {
  namespace fs = std::filesystem;
  if (!fs::exists(path)) return "";
  if (!fs::is_regular_file(path)) {
    throw Error(path + ": is not a regular file");
  }
  std::string bytes = ReadFile(path);
  size_t number = 1;
  for (size_t begin = 0; begin < bytes.size(); ++number) {
    const size_t end = bytes.find('\n', begin);
    if (end == bytes.npos) break;  // torn
    const std::string origin = path + ": line " + std::to_string(number);
    RunRecord record;
    try {
      record = FromJsonLine(bytes.substr(begin, end - begin), origin);
    } catch (const Error& error) {
      throw Error(std::string(error.what()) +
                  "; delete the line and its picture is made again");
    }
    seen(record, begin, end + 1);
    begin = end + 1;
  }
  return bytes;
}

ManifestLog::ManifestLog(std::string path,
                         const std::function<void(const RunRecord&)>& seen)
    : path_(std::move(path)) {
  const std::string bytes = ReadManifest(
      path_, [&](const RunRecord& record, size_t begin, size_t end) {
        Note(record.file, begin, end);
        seen(record);
      });
  fd_ = OpenForAppending(path_);
  if (size_ < bytes.size() && ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
    const int error = errno;
    close(fd_);
    Fail(path_, "cannot cut off its torn last line", error);
  }
}

ManifestLog::~ManifestLog() {
  if (fd_ >= 0) close(fd_);
}

void ManifestLog::Note(const std::string& file, size_t begin, size_t end) {
  Drop(file);
  line_of_file_[file] = lines_.size();
  lines_.push_back({begin, end});
  size_ = end;
}

void ManifestLog::Drop(const std::string& file) {
  const auto found = line_of_file_.find(file);
  if (found == line_of_file_.end()) return;
  lines_[found->second].counts = false;
  line_of_file_.erase(found);
}

void ManifestLog::Append(const RunRecord& record) {
  const std::string line = ToJsonLine(record) + "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      // Should this fail as well, the next run cuts the torn line off.
      [[maybe_unused]] const int undone =
          ftruncate(fd_, static_cast<off_t>(size_));
      Fail(path_, "write failed", error);
    }
    rest.remove_prefix(static_cast<size_t>(written));
  }
  Note(record.file, size_, size_ + line.size());
}

void ManifestLog::Sync() {
  if (fdatasync(fd_) != 0) Fail(path_, "write failed", errno);
}

void ManifestLog::Compact(const std::vector<std::string>& files) {
  std::vector<size_t> own;  // lines of `files` that count, in that order
  std::vector<bool> is_own(lines_.size(), false);
  for (const std::string& file : files) {
    const auto found = line_of_file_.find(file);
    if (found == line_of_file_.end()) continue;
    own.push_back(found->second);
    is_own[found->second] = true;
  }
  const bool tidy = std::is_sorted(own.begin(), own.end()) &&
                    std::all_of(lines_.begin(), lines_.end(),
                                [](const Line& line) { return line.counts; });
  if (tidy) return;
  const std::string bytes = ReadFile(path_);
  std::string kept;
  const auto keep = [&](const Line& line) {
    kept.append(bytes, line.begin, line.end - line.begin);
  };
  for (size_t i = 0; i < lines_.size(); ++i) {
    if (lines_[i].counts && !is_own[i]) keep(lines_[i]);
  }
  for (const size_t i : own) keep(lines_[i]);
  WriteFileAtomically(path_, kept);
}

}  // namespace gloce
