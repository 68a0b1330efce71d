// SHA-256, for file hashes, the model identity and the erasers' hash.
#pragma once

#include <string>
#include <string_view>

namespace gloce {

// Lower-case hexadecimal digest of `bytes` (64 characters).
std::string Sha256(std::string_view bytes);

// Digest of a file's content, read in blocks. Throws Error if the file cannot
// be read.
std::string Sha256OfFile(const std::string& path);

}  // namespace gloce
