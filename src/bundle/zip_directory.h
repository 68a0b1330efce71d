// What a zip archive holds, read without unpacking anything.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace gloce {

struct ZipRecord {
  std::string name;
  uint64_t size;  // bytes, unpacked
};

// The records of the archive in `in`, in order. Only what torch.jit.save writes
// is accepted, so that no two programs can read the archive differently: one
// directory, at the end of the file, plain or zip64. `origin` (a path) begins
// every message. Throws Error if it is
// damaged, or made to hurt whoever unpacks it: two records of one name (upper
// and lower case alike), records that share bytes, more than kMaxZipRecords of
// them, encryption, or compressed ones of more than kMaxInflatedBytes in all.
std::vector<ZipRecord> ReadZipDirectory(std::istream& in,
                                        const std::string& origin);

inline constexpr uint64_t kMaxZipRecords = 100000;
// What is compressed is code, a few MB; weights are stored as they are.
inline constexpr uint64_t kMaxInflatedBytes = 256 << 20;

}  // namespace gloce
