// Whole reads, and writes that are all or nothing.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace gloce {

// The file's bytes. Throws Error with the path and the system's reason.
std::string ReadFile(const std::string& path);

// Writes `bytes` to a temporary name beside `path`, syncs it and renames it
// over `path`: a reader sees the old file or the new one, never a part. A link
// stays a link. Throws Error and leaves no temporary behind if anything fails
// (permission, full disk, a device or pipe of that name).
void WriteFileAtomically(const std::string& path, std::string_view bytes);

// The same with bytes that do not fit into memory: `next` fills its argument
// with what follows, until it returns false. It may read the old file.
void WriteFileAtomically(const std::string& path,
                         const std::function<bool(std::string& piece)>& next);

// Throws Error now, not after minutes of work, if a file could not be created
// at `path`: the folder is missing or refuses new files. `path` itself is left
// as it is; temporaries of it that a killed process left are removed.
void CheckWritable(const std::string& path);

// Creates the folder and its parents. Throws Error.
void MakeFolders(const std::string& path);

// Whether `path` still names the open file: it may have been removed, or
// replaced, since it was opened.
bool IsNamed(int fd, const std::string& path);

// Removes temporaries in `folder` (not in its sub-folders) whose process, on
// this machine, is no more. Call it only while holding the folder's lock, for a
// process of another machine may be at work. Throws Error if the folder cannot
// be listed.
void RemoveStaleTemporaries(const std::string& folder);

}  // namespace gloce
