// The fields of a serialised protocol buffer, for what a library hides.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gloce {

// One field: `number`, and either a varint or a 32- or 64-bit value
// (little-endian) in `value`, or `bytes`.
struct ProtobufField {
  uint64_t number = 0;
  uint64_t value = 0;
  std::string_view bytes;
};

// Takes the first field off `message`; nullopt, with `message` as it was, if it
// is empty or begins with no field (groups count as none).
std::optional<ProtobufField> TakeProtobufField(std::string_view& message);

}  // namespace gloce
