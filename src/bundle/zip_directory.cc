#include "bundle/zip_directory.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "base/json.h"
#include "gloce/base/error.h"

// Notation (name -> name in PKWARE's APPNOTE.TXT)
//   end record     -> end of central directory record, 4.3.16
//   end record 64  -> zip64 end of central directory record, 4.3.14
//   locator 64     -> zip64 end of central directory locator, 4.3.15

namespace gloce {
namespace {

constexpr uint64_t kEndSize = 22;
constexpr uint64_t kLocator64Size = 20;
constexpr uint64_t kEnd64Size = 56;
constexpr size_t kHeaderSize = 46;       // of a record in the directory
constexpr uint64_t kIn64 = 0xFFFF'FFFF;  // "see the zip64 field"

uint64_t Number(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

class ZipReader {
 public:
  ZipReader(std::istream& in, const std::string& origin)
      : in_(in), origin_(origin) {
    in_.seekg(0, std::ios::end);
    if (!in_) throw Error(origin + ": cannot read");
    file_size_ = static_cast<uint64_t>(in_.tellg());
  }

  std::vector<ZipRecord> Read() {
    const std::string directory = ReadDirectory();
    std::vector<ZipRecord> records;
    size_t at = 0;
    for (uint64_t i = 0; i < num_records_; ++i) {
      records.push_back(ReadRecord(directory, at));
    }
    if (at != directory.size()) Fail("its directory has more than its records");
    return records;
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const {
    throw Error(origin_ +
                ": not an archive that torch.jit.save writes: " + what);
  }

  // The file's bytes [begin, begin + size).
  std::string Bytes(uint64_t begin, uint64_t size) {
    if (begin > file_size_ || size > file_size_ - begin) {
      Fail("it ends too early");
    }
    std::string bytes(size, '\0');
    in_.seekg(static_cast<std::streamoff>(begin));
    in_.read(bytes.data(), static_cast<std::streamsize>(size));
    if (!in_) throw Error(origin_ + ": read failed");
    return bytes;
  }

  std::string ReadDirectory() {
    if (file_size_ < kEndSize) Fail("it ends too early");
    uint64_t end = file_size_ - kEndSize;
    const std::string record = Bytes(end, kEndSize);
    if (!record.starts_with("PK\5\6")) Fail("it has no directory at its end");
    num_records_ = Number(record, 10, 2);
    uint64_t size = Number(record, 12, 4);
    uint64_t begin = Number(record, 16, 4);
    if (end >= kLocator64Size + kEnd64Size &&
        Bytes(end - kLocator64Size, 4) == "PK\6\7") {
      const std::string locator = Bytes(end - kLocator64Size, kLocator64Size);
      end -= kLocator64Size + kEnd64Size;
      const std::string record64 = Bytes(end, kEnd64Size);
      if (Number(locator, 8, 8) != end || !record64.starts_with("PK\6\6")) {
        Fail("its zip64 directory is misplaced");
      }
      num_records_ = Number(record64, 32, 8);
      size = Number(record64, 40, 8);
      begin = Number(record64, 48, 8);
    }
    if (begin > end || size != end - begin) Fail("its directory is misplaced");
    if (num_records_ > kMaxZipRecords || num_records_ * kHeaderSize > size) {
      Fail("it claims " + std::to_string(num_records_) + " records in " +
           std::to_string(size) + " bytes, expected at most " +
           std::to_string(kMaxZipRecords));
    }
    return Bytes(begin, size);
  }

  // The record at `at`, which moves on to the next.
  ZipRecord ReadRecord(std::string_view directory, size_t& at) {
    const std::string_view header = directory.substr(at);
    if (header.size() < kHeaderSize || !header.starts_with("PK\1\2")) {
      Fail("its directory is damaged");
    }
    const uint64_t name_size = Number(header, 28, 2);
    const uint64_t extra_size = Number(header, 30, 2);
    const uint64_t whole =
        kHeaderSize + name_size + extra_size + Number(header, 32, 2);
    if (whole > header.size()) Fail("its directory is damaged");
    at += whole;
    ZipRecord record{std::string(header.substr(kHeaderSize, name_size)),
                     Number(header, 24, 4)};
    uint64_t packed_size = Number(header, 20, 4);
    ReadSizes64(header.substr(kHeaderSize + name_size, extra_size), record.size,
                packed_size);
    Check(record, packed_size, Number(header, 10, 2), Number(header, 8, 2));
    return record;
  }

  // Sizes that do not fit into 32 bits stand in the extra field of kind 1.
  static void ReadSizes64(std::string_view extra, uint64_t& size,
                          uint64_t& packed_size) {
    while (extra.size() >= 4) {
      const uint64_t kind = Number(extra, 0, 2);
      std::string_view field = extra.substr(4, Number(extra, 2, 2));
      extra.remove_prefix(4 + field.size());
      if (kind != 1) continue;
      for (uint64_t* value : {&size, &packed_size}) {
        if (*value != kIn64 || field.size() < 8) continue;
        *value = Number(field, 0, 8);
        field.remove_prefix(8);
      }
      return;
    }
  }

  void Check(const ZipRecord& record, uint64_t packed_size, uint64_t method,
             uint64_t flags) {
    const std::string place = "record " + QuoteForMessage(record.name);
    std::string folded = record.name;
    std::transform(folded.begin(), folded.end(), folded.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    if (!names_.insert(folded).second) Fail(place + " stands twice");
    const bool is_stored = method == 0;
    if ((flags & 1) != 0 || (!is_stored && method != 8)) {
      Fail(place + " is encrypted or packed in an unknown way");
    }
    if (is_stored && packed_size != record.size) {
      Fail(place + " has two sizes");
    }
    // No sum can overflow: each term is compared with the limit first.
    if (packed_size > file_size_ - packed_bytes_) {
      Fail("its records are larger than the file, up to " + place);
    }
    packed_bytes_ += packed_size;
    if (is_stored) return;
    if (record.size > kMaxInflatedBytes - inflated_bytes_) {
      Fail("it unpacks to more than " +
           std::to_string(kMaxInflatedBytes >> 20) + " MiB, up to " + place);
    }
    inflated_bytes_ += record.size;
  }

  std::istream& in_;
  const std::string& origin_;
  uint64_t file_size_ = 0;
  uint64_t num_records_ = 0;
  uint64_t packed_bytes_ = 0;
  uint64_t inflated_bytes_ = 0;
  std::set<std::string> names_;
};

}  // namespace

std::vector<ZipRecord> ReadZipDirectory(std::istream& in,
                                        const std::string& origin) {
  return ZipReader(in, origin).Read();
}

}  // namespace gloce
