#include "bundle/safetensors_values.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace gloce {
namespace {

constexpr std::array<Dtype, 10> kDtypes = {{
    {"F64", 8, 0x7FF0'0000'0000'0000},
    {"F32", 4, 0x7F80'0000},
    {"F16", 2, 0x7C00},
    {"BF16", 2, 0x7F80},
    {"I64", 8, 0},
    {"I32", 4, 0},
    {"I16", 2, 0},
    {"I8", 1, 0},
    {"U8", 1, 0},
    {"BOOL", 1, 0},
}};

// Looks at blocks without a branch inside, which the compiler can vectorise;
// the copy makes unaligned data fit.
template <typename Bits>
std::optional<size_t> FindNonFinite(std::string_view data, Bits exponent) {
  constexpr size_t kBlock = 1024;
  std::array<Bits, kBlock> block{};
  const size_t count = data.size() / sizeof(Bits);
  for (size_t begin = 0; begin < count; begin += kBlock) {
    const size_t size = std::min(kBlock, count - begin);
    std::memcpy(block.data(), data.data() + begin * sizeof(Bits),
                size * sizeof(Bits));
    bool found = false;
    for (size_t i = 0; i < size; ++i) {
      found |= (block[i] & exponent) == exponent;
    }
    if (!found) continue;
    for (size_t i = 0; i < size; ++i) {
      if ((block[i] & exponent) == exponent) return begin + i;
    }
  }
  return std::nullopt;
}

}  // namespace

const Dtype* FindDtype(std::string_view name) {
  for (const Dtype& dtype : kDtypes) {
    if (name == dtype.name) return &dtype;
  }
  return nullptr;
}

std::string StoredDtypeNames() {
  std::string names;
  for (const Dtype& dtype : kDtypes) {
    names += (names.empty() ? "" : " ") + std::string(dtype.name);
  }
  return names;
}

std::optional<size_t> FindBadValue(std::string_view data, const Dtype& dtype) {
  if (dtype.exponent_bits == 0) {
    if (dtype.name != std::string_view("BOOL")) return std::nullopt;
    const auto bad = std::find_if(data.begin(), data.end(),
                                  [](char c) { return c != 0 && c != 1; });
    if (bad == data.end()) return std::nullopt;
    return static_cast<size_t>(bad - data.begin());
  }
  switch (dtype.size) {
    case 8:
      return FindNonFinite<uint64_t>(data, dtype.exponent_bits);
    case 4:
      return FindNonFinite(data, static_cast<uint32_t>(dtype.exponent_bits));
    default:
      return FindNonFinite(data, static_cast<uint16_t>(dtype.exponent_bits));
  }
}

std::string DescribeBadValue(const Dtype& dtype) {
  return dtype.exponent_bits != 0
             ? "got NaN or infinity, expected a finite number"
             : "got a value other than 0 and 1";
}

}  // namespace gloce
