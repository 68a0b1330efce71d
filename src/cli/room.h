// Bytes: how many are free on a disk, and how a number of them reads.
#pragma once

#include <cstdint>
#include <string>

namespace gloce {

// Free bytes at `folder`, or where it would be made.
int64_t FreeBytes(const std::string& folder);

// "512.0 KiB", "1.5 GiB".
std::string SizeText(int64_t bytes);

}  // namespace gloce
