// One writer per output folder.
#pragma once

#include <string>

namespace gloce {

constexpr const char* kLockName = ".gloce-lock";

// Holds an advisory lock on `<folder>/.gloce-lock` until it is destroyed or its
// process dies, however that happens. The file stays; only the lock matters.
// Its holder alone may remove it, when nothing is left to guard.
class FolderLock {
 public:
  // Throws Error if another process holds the lock or the folder refuses the
  // file.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  // False once the folder or the lock's file was removed, or replaced by what
  // this lock does not guard.
  bool IsInPlace() const;

 private:
  const std::string path_;
  int fd_;
};

}  // namespace gloce
