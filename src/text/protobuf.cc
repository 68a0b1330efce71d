#include "text/protobuf.h"

namespace gloce {
namespace {

// How a field is written: the last three bits of its key.
constexpr uint64_t kVarint = 0;
constexpr uint64_t kFixed64 = 1;
constexpr uint64_t kBytes = 2;
constexpr uint64_t kFixed32 = 5;

std::optional<uint64_t> TakeVarint(std::string_view& message) {
  uint64_t value = 0;
  for (size_t i = 0; i < message.size() && i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(message[i]);
    value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      message.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> TakeFixed(std::string_view& message, size_t size) {
  if (message.size() < size) return std::nullopt;
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(message[i]);
  }
  message.remove_prefix(size);
  return value;
}

}  // namespace

std::optional<ProtobufField> TakeProtobufField(std::string_view& message) {
  std::string_view rest = message;
  const auto key = TakeVarint(rest);
  if (!key || *key >> 3 == 0) return std::nullopt;
  ProtobufField field;
  field.number = *key >> 3;
  std::optional<uint64_t> value;
  switch (*key & 7) {
    case kVarint:
    case kBytes:
      value = TakeVarint(rest);
      break;
    case kFixed64:
      value = TakeFixed(rest, 8);
      break;
    case kFixed32:
      value = TakeFixed(rest, 4);
      break;
    default:
      break;
  }
  if (!value) return std::nullopt;
  if ((*key & 7) == kBytes) {
    if (*value > rest.size()) return std::nullopt;
    field.bytes = rest.substr(0, *value);
    rest.remove_prefix(*value);
  } else {
    field.value = *value;
  }
  message = rest;
  return field;
}

}  // namespace gloce
