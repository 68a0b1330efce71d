#include "text/charsmap.h"

#include "gloce/base/error.h"
#include "text/graphemes.h"
#include "text/unicode.h"

namespace gloce {
namespace {

// Fields of a unit of the double array.
size_t OffsetOf(uint32_t unit) {
  return static_cast<size_t>(unit >> 10) << ((unit & (1U << 9)) >> 6);
}
uint32_t LabelOf(uint32_t unit) { return unit & ((1U << 31) | 0xFFU); }
bool HasLeaf(uint32_t unit) { return (unit >> 8 & 1U) != 0; }
size_t ValueOf(uint32_t unit) { return unit & ((1U << 31) - 1); }

// Characters below this many bytes are looked up as a whole.
constexpr size_t kLongCluster = 6;

uint32_t ReadLittleEndian(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

}  // namespace

Charsmap::Charsmap(std::string_view bytes, const std::string& origin) {
  if (bytes.empty()) return;
  const size_t size = bytes.size() < 4 ? 0 : ReadLittleEndian(bytes, 0);
  if (size == 0 || size % 4 != 0 || size > bytes.size() - 4) {
    throw Error(origin + ": normalisation table: got " +
                std::to_string(bytes.size()) + " bytes with a trie of " +
                std::to_string(size));
  }
  units_.reserve(size / 4);
  for (size_t at = 4; at < 4 + size; at += 4) {
    units_.push_back(ReadLittleEndian(bytes, at));
  }
  replacements_ = bytes.substr(4 + size);
  Check(origin);
}

// Visits every unit that a key can reach.
void Charsmap::Check(const std::string& origin) const {
  const auto fail = [&](const std::string& what) {
    throw Error(origin + ": normalisation table: " + what +
                "; the file was cut or changed");
  };
  if (!replacements_.empty() && replacements_.back() != '\0') {
    fail("its last replacement has no end");
  }
  if (FindInvalidUtf8(replacements_) != std::string_view::npos) {
    fail("its replacements are not UTF-8");
  }
  const auto starts_character = [&](size_t at) {
    return at < replacements_.size() &&
           (static_cast<unsigned char>(replacements_[at]) & 0xC0) != 0x80;
  };
  std::vector<bool> seen(units_.size());
  std::vector<size_t> open = {OffsetOf(units_[0])};
  while (!open.empty()) {
    const size_t base = open.back();
    open.pop_back();
    // A byte changes the last eight bits, so that all places are in one block.
    if ((base | 0xFF) >= units_.size()) fail("its trie leaves its bounds");
    if (seen[base]) continue;
    seen[base] = true;
    for (uint32_t byte = 1; byte < 256; ++byte) {
      const size_t place = base ^ byte;
      const uint32_t unit = units_[place];
      if (LabelOf(unit) != byte) continue;
      const size_t next = place ^ OffsetOf(unit);
      if ((next | 0xFF) >= units_.size()) fail("its trie leaves its bounds");
      if (HasLeaf(unit) && !starts_character(ValueOf(units_[next]))) {
        fail("an entry has no replacement");
      }
      open.push_back(next);
    }
  }
}

// The replacement of the shortest entry that `key` begins with.
std::optional<std::string_view> Charsmap::Find(std::string_view key) const {
  size_t place = OffsetOf(units_[0]);
  for (const char c : key) {
    if (c == '\0') return std::nullopt;
    place ^= static_cast<unsigned char>(c);
    const uint32_t unit = units_[place];
    if (LabelOf(unit) != static_cast<unsigned char>(c)) return std::nullopt;
    place ^= OffsetOf(unit);
    if (HasLeaf(unit)) return replacements_.c_str() + ValueOf(units_[place]);
  }
  return std::nullopt;
}

void Charsmap::NormalizeCluster(std::u32string_view cluster,
                                std::string& out) const {
  const std::string bytes = EncodeUtf8(cluster);
  if (bytes.size() < kLongCluster) {
    if (const auto replacement = Find(bytes)) {
      out += *replacement;
      return;
    }
  }
  for (const char32_t c : cluster) {
    const std::string one = EncodeUtf8({&c, 1});
    out += Find(one).value_or(one);
  }
}

std::string Charsmap::Normalize(std::u32string_view text) const {
  if (units_.empty()) return EncodeUtf8(text);
  std::string normalized;
  normalized.reserve(text.size());
  while (!text.empty()) {
    const size_t length = GraphemeLength(text);
    NormalizeCluster(text.substr(0, length), normalized);
    text.remove_prefix(length);
  }
  return normalized;
}

}  // namespace gloce
