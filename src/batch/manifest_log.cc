#include "batch/manifest_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/system_error.h"
#include "gloce/base/error.h"

namespace gloce {

ManifestLog::ManifestLog(std::string path,
                         const std::function<void(const RunRecord&)>& seen)
    : path_(std::move(path)) {
  const std::string bytes = ReadRunManifest(
      path_, [&](const RunRecord& record, size_t begin, size_t end) {
        Note(record.file, begin, end);
        seen(record);
      });
  is_torn_ = size_ < bytes.size();
}

void ManifestLog::Open() {
  fd_ = open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) FailWithErrno(path_, "cannot write", errno);
  if (is_torn_ && ftruncate(fd_, static_cast<off_t>(size_)) != 0)
    FailWithErrno(path_, "cannot cut off its torn last line", errno);
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
      FailWithErrno(path_, "write failed", error);
    }
    rest.remove_prefix(static_cast<size_t>(written));
  }
  Note(record.file, size_, size_ + line.size());
}

void ManifestLog::CheckInPlace() const {
  if (IsNamed(fd_, path_)) return;
  throw Error(path_ +
              ": was removed or replaced, or its folder was, while pictures "
              "were made; see what became of it, then start the same command "
              "again");
}

void ManifestLog::Sync() {
  CheckInPlace();
  if (fdatasync(fd_) != 0) FailWithErrno(path_, "write failed", errno);
}

void ManifestLog::Compact(const std::vector<std::string>& files) {
  CheckInPlace();
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
  std::vector<size_t> order;
  for (size_t i = 0; i < lines_.size(); ++i) {
    if (lines_[i].counts && !is_own[i]) order.push_back(i);
  }
  order.insert(order.end(), own.begin(), own.end());
  Rewrite(order);
}

void ManifestLog::Rewrite(const std::vector<size_t>& order) {
  constexpr size_t kPiece = size_t{1} << 20;  // bytes, and then its last line
  std::ifstream file(path_, std::ios::binary);
  size_t done = 0;
  WriteFileAtomically(path_, [&](std::string& piece) {
    piece.clear();
    while (done < order.size() && piece.size() < kPiece) {
      const Line& line = lines_[order[done++]];
      const size_t at = piece.size(), size = line.end - line.begin;
      piece.resize(at + size);
      file.seekg(static_cast<std::streamoff>(line.begin));
      if (!file.read(piece.data() + at, static_cast<std::streamsize>(size)))
        throw Error(path_ + ": read failed");
    }
    return !piece.empty();
  });
}

}  // namespace gloce
