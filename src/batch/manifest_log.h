// manifest.jsonl while a job writes to it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/run_manifest.h"

namespace gloce {

// An append-only file of records. Of several lines for one picture the last
// counts. A killed process may leave a last line without its end, which is cut
// off; nothing else can go wrong by a kill, so anything else is an error.
//
// REQUIRES: the folder's lock is held.
class ManifestLog {
 public:
  // Reads the file at `path`, if there is one, and hands every record that
  // counts or was superseded to `seen`, in the file's order. Throws Error if it
  // cannot be read or a line is no record.
  ManifestLog(std::string path,
              const std::function<void(const RunRecord&)>& seen);
  ~ManifestLog();
  ManifestLog(const ManifestLog&) = delete;
  ManifestLog& operator=(const ManifestLog&) = delete;

  // Makes the file ready for what follows: creates it if it is missing, cuts a
  // torn last line off. Throws Error if it cannot be written.
  void Open();

  // Throws Error if the file is no longer the one that was opened: what is
  // appended would be lost.
  void CheckInPlace() const;

  // Appends one line. If the disk refuses it, what was written of it is taken
  // back and Error is thrown.
  void Append(const RunRecord& record);

  // Has what was appended reach the disk. Throws Error if that fails or the
  // file is no longer in place.
  void Sync();

  // The line of that picture no longer counts.
  void Drop(const std::string& file);

  // Makes the file hold one line a picture: lines of other jobs first, then
  // those of `files` in that order. Rewrites it, atomically, only if it
  // differs. Nothing may be appended afterwards. Throws Error if the file is
  // not in place or refuses it.
  void Compact(const std::vector<std::string>& files);

 private:
  struct Line {
    size_t begin = 0;  // offsets in the file
    size_t end = 0;    // behind the line end
    bool counts = true;
  };

  void Note(const std::string& file, size_t begin, size_t end);
  // Makes the file hold these lines. Memory does not grow with their number.
  void Rewrite(const std::vector<size_t>& order);

  std::string path_;
  int fd_ = -1;
  size_t size_ = 0;       // of the lines that are whole
  bool is_torn_ = false;  // a last line without its end stands behind them
  std::vector<Line> lines_;
  std::unordered_map<std::string, size_t> line_of_file_;
};

}  // namespace gloce
