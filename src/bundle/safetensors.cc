#include "bundle/safetensors.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "base/json.h"
#include "bundle/safetensors_values.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;

constexpr size_t kPrefix = 8;                 // bytes of the header's length
constexpr uint64_t kMaxHeader = 100'000'000;  // as the format's own reader
constexpr size_t kAlignment = 8;              // of the tensors' first byte
constexpr const char* kMetadataKey = "__metadata__";
constexpr const char* kToBeWritten = "safetensors to be written";

// Long enough for the names of published checkpoints, whose ends tell them
// apart.
constexpr size_t kShownOfName = 120;

std::string TensorPlace(const std::string& origin, std::string_view name) {
  return origin + ": tensor " + QuoteForMessage(name, kShownOfName);
}

// Bytes of a tensor. Throws Error if they do not fit into 63 bits.
uint64_t ByteSize(const std::vector<int64_t>& shape, const Dtype& dtype,
                  const std::string& place) {
  int64_t size = static_cast<int64_t>(dtype.size);
  for (const int64_t extent : shape) {
    if (extent < 0) {
      throw Error(place + ": shape: got " + std::to_string(extent) +
                  ", expected no negative number");
    }
    if (__builtin_mul_overflow(size, extent, &size)) {
      throw Error(place + ": shape: its number of bytes overflows 63 bits");
    }
  }
  return static_cast<uint64_t>(size);
}

const Dtype& KnownDtype(const std::string& name, const std::string& place) {
  const Dtype* dtype = FindDtype(name);
  if (dtype != nullptr) return *dtype;
  throw Error(place + ": dtype: got " + QuoteForMessage(name) +
              ", expected one of " + StoredDtypeNames());
}

std::vector<int64_t> Integers(JsonObject& object, const std::string& key) {
  std::vector<int64_t> integers;
  for (const json& item : object.Array(key)) {
    const bool fits =
        item.is_number_integer() &&
        (!item.is_number_unsigned() ||
         item.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()});
    if (!fits) {
      throw Error(object.place() + ": " + key + ": got " +
                  QuoteForMessage(item.dump()) +
                  ", expected integers of at most 63 bits");
    }
    integers.push_back(item.get<int64_t>());
  }
  return integers;
}

// The length of the header, after checks that need only the first 9 bytes.
size_t HeaderLength(const std::string& bytes, const std::string& origin) {
  if (bytes.size() < kPrefix) {
    throw Error(origin + ": got " + std::to_string(bytes.size()) +
                " bytes, expected at least 8; not a safetensors file");
  }
  uint64_t length = 0;
  for (size_t i = kPrefix; i-- > 0;) {
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  }
  if (length > kMaxHeader) {
    throw Error(origin + ": header length: got " + std::to_string(length) +
                ", expected at most " + std::to_string(kMaxHeader) +
                "; not a safetensors file");
  }
  if (length > bytes.size() - kPrefix) {
    throw Error(origin + ": header length: got " + std::to_string(length) +
                ", but only " + std::to_string(bytes.size() - kPrefix) +
                " bytes follow; the file is cut short");
  }
  if (length == 0 || bytes[kPrefix] != '{') {
    throw Error(origin + ": header: expected a JSON object that begins with {");
  }
  return static_cast<size_t>(length);
}

std::map<std::string, std::string> ReadMetadata(const json& value,
                                                const std::string& place) {
  if (!value.is_object()) {
    throw Error(place + ": got " + value.type_name() +
                ", expected an object of texts");
  }
  std::map<std::string, std::string> metadata;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) {
      throw Error(place + ": " + QuoteForMessage(key) + ": got " +
                  text.type_name() + ", expected a string");
    }
    metadata[key] = text.get<std::string>();
  }
  return metadata;
}

// One tensor; `data` is everything after the header.
SafetensorsEntry ReadEntry(const std::string& name, JsonObject object,
                           std::string_view data) {
  const std::string& place = object.place();
  SafetensorsEntry entry{name, object.String("dtype"), {}, {}};
  const Dtype& dtype = KnownDtype(entry.dtype, place);
  entry.shape = Integers(object, "shape");
  const std::vector<int64_t> offsets = Integers(object, "data_offsets");
  object.Finish();
  const std::string got =
      place + ": data_offsets: got " + json(offsets).dump().substr(0, 60);
  if (offsets.size() != 2 || offsets[0] < 0 || offsets[0] > offsets[1]) {
    throw Error(got + ", expected [begin, end] with 0 <= begin <= end");
  }
  const auto begin = static_cast<uint64_t>(offsets[0]);
  const auto end = static_cast<uint64_t>(offsets[1]);
  if (end > data.size()) {
    throw Error(got + ", but the file has " + std::to_string(data.size()) +
                " bytes of tensors; it is cut short");
  }
  if (const uint64_t size = ByteSize(entry.shape, dtype, place);
      size != end - begin) {
    throw Error(got + ", which is " + std::to_string(end - begin) +
                " bytes, expected " + std::to_string(size) + " of its shape");
  }
  entry.data = data.substr(begin, end - begin);
  return entry;
}

// Every byte of `data` belongs to exactly one tensor. `entries` are sorted.
void CheckCover(const std::vector<SafetensorsEntry>& entries,
                std::string_view data, const std::string& origin) {
  const char* expected = data.data();
  for (const SafetensorsEntry& entry : entries) {
    const auto begin = std::to_string(entry.data.data() - data.data());
    if (entry.data.data() < expected) {
      throw Error(TensorPlace(origin, entry.name) + ": begins at byte " +
                  begin + ", inside the tensor before it (overlap)");
    }
    if (entry.data.data() > expected) {
      throw Error(TensorPlace(origin, entry.name) + ": begins at byte " +
                  begin + ", expected " +
                  std::to_string(expected - data.data()) + " (hole)");
    }
    expected += entry.data.size();
  }
  if (const auto left = data.data() + data.size() - expected; left != 0) {
    throw Error(origin + ": got " + std::to_string(left) +
                " bytes after the last tensor, expected none");
  }
}

void CheckValues(const SafetensorsEntry& entry, const std::string& origin) {
  const Dtype& dtype = KnownDtype(entry.dtype, TensorPlace(origin, entry.name));
  if (const auto index = FindBadValue(entry.data, dtype)) {
    throw Error(TensorPlace(origin, entry.name) + ": element " +
                std::to_string(*index) + ": " + DescribeBadValue(dtype));
  }
}

// The entries, checked, those with larger elements first.
std::vector<const SafetensorsEntry*> OrderForWriting(
    const std::vector<SafetensorsEntry>& entries) {
  std::vector<const SafetensorsEntry*> order;
  std::set<std::string_view> names = {kMetadataKey};
  for (const SafetensorsEntry& entry : entries) {
    const std::string place = TensorPlace(kToBeWritten, entry.name);
    const Dtype& dtype = KnownDtype(entry.dtype, place);
    const uint64_t size = ByteSize(entry.shape, dtype, place);
    if (size != entry.data.size()) {
      throw Error(place + ": got " + std::to_string(entry.data.size()) +
                  " bytes, expected " + std::to_string(size) + " of its shape");
    }
    if (!names.insert(entry.name).second) {
      throw Error(place + ": the name is taken");
    }
    CheckValues(entry, kToBeWritten);
    order.push_back(&entry);
  }
  std::stable_sort(
      order.begin(), order.end(), [](const auto* a, const auto* b) {
        return FindDtype(a->dtype)->size > FindDtype(b->dtype)->size;
      });
  return order;
}

// The header for these entries, one after the other, padded with spaces.
std::string HeaderText(const std::vector<const SafetensorsEntry*>& order,
                       const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadataKey] = metadata;
  size_t offset = 0;
  for (const SafetensorsEntry* entry : order) {
    const size_t end = offset + entry->data.size();
    header[entry->name] = {{"dtype", entry->dtype},
                           {"shape", entry->shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception&) {
    throw Error(std::string(kToBeWritten) +
                ": a name or metadata is not UTF-8");
  }
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  if (text.size() > kMaxHeader) {
    throw Error(std::string(kToBeWritten) + ": header length: got " +
                std::to_string(text.size()) + ", expected at most " +
                std::to_string(kMaxHeader));
  }
  return text;
}

}  // namespace

SafetensorsFile SafetensorsFile::Parse(std::string bytes,
                                       const std::string& origin) {
  SafetensorsFile file;
  file.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  const size_t length = HeaderLength(*file.bytes_, origin);
  const std::string place = origin + ": header";
  const json header = ParseJson(file.bytes_->substr(kPrefix, length), place,
                                JsonComments::kRefuse);
  const std::string_view data =
      std::string_view(*file.bytes_).substr(kPrefix + length);
  for (const auto& [name, value] : header.items()) {
    if (name == kMetadataKey) {
      file.metadata_ = ReadMetadata(value, origin + ": metadata");
    } else {
      file.entries_.push_back(
          ReadEntry(name, JsonObject(value, TensorPlace(origin, name)), data));
    }
  }
  std::stable_sort(file.entries_.begin(), file.entries_.end(),
                   [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
                     const auto key = [](const SafetensorsEntry& e) {
                       return std::pair(e.data.data(), e.data.size());
                     };
                     return key(a) < key(b);
                   });
  CheckCover(file.entries_, data, origin);
  for (size_t i = 0; i < file.entries_.size(); ++i) {
    CheckValues(file.entries_[i], origin);
    file.by_name_.emplace(file.entries_[i].name, i);
  }
  return file;
}

const SafetensorsEntry* SafetensorsFile::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &entries_[found->second];
}

std::string SerializeSafetensors(
    const std::vector<SafetensorsEntry>& entries,
    const std::map<std::string, std::string>& metadata) {
  const auto order = OrderForWriting(entries);
  const std::string header = HeaderText(order, metadata);
  std::string bytes;
  for (size_t i = 0; i < kPrefix; ++i) {
    bytes += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  }
  size_t size = kPrefix + header.size();
  for (const SafetensorsEntry* entry : order) size += entry->data.size();
  bytes.reserve(size);
  bytes += header;
  for (const SafetensorsEntry* entry : order) bytes += entry->data;
  return bytes;
}

}  // namespace gloce
