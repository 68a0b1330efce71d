// A strict reader and a deterministic writer of safetensors: 8 bytes of header
// length, a JSON header, the tensors' bytes (docs/formats.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gloce {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;  // F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL
  std::vector<int64_t> shape;
  // Row-major, little-endian, not necessarily aligned. In a SafetensorsFile it
  // points into that file's bytes.
  std::string_view data;
};

class SafetensorsFile {
 public:
  // Checks all of `bytes`; messages begin with `origin` (a path). Throws Error,
  // one line that names the tensor, for: a header that is cut short, too large,
  // no JSON object or with comments; duplicate, missing or unknown keys; an
  // unknown dtype; a shape that is negative or overflows; a size other than
  // shape × dtype; tensors that leave the file, overlap or leave holes, or
  // bytes after the last one; metadata that is not text; NaN or infinity in a
  // tensor of floats; a BOOL other than 0 and 1.
  static SafetensorsFile Parse(std::string bytes, const std::string& origin);

  // In the order of their bytes.
  const std::vector<SafetensorsEntry>& entries() const { return entries_; }

  // The tensor of that name, or nullptr. Valid as long as this object.
  const SafetensorsEntry* Find(std::string_view name) const;

  // The header's "__metadata__"; empty if there is none.
  const std::map<std::string, std::string>& metadata() const {
    return metadata_;
  }

 private:
  SafetensorsFile() = default;

  // Shared, so that copies and moved-to objects keep the views' bytes.
  std::shared_ptr<const std::string> bytes_;
  std::vector<SafetensorsEntry> entries_;
  std::map<std::string, size_t, std::less<>> by_name_;
  std::map<std::string, std::string> metadata_;
};

// The bytes of a file with these tensors in this order, except that larger
// element types come first, which aligns every tensor. Equal arguments give
// equal bytes. Throws Error for anything that Parse would refuse.
std::string SerializeSafetensors(
    const std::vector<SafetensorsEntry>& entries,
    const std::map<std::string, std::string>& metadata);

}  // namespace gloce
