// Element types of safetensors, and which values a file may not contain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gloce {

struct Dtype {
  const char* name;  // as the header spells it
  size_t size;       // bytes of an element
  // A value is infinite or NaN if all of these bits are set; 0: not a float.
  uint64_t exponent_bits;
};

// nullptr if the format or this reader does not know it.
const Dtype* FindDtype(std::string_view name);

// All known names, for messages.
std::string StoredDtypeNames();

// Index of the first element of `data` that is infinite or NaN or, in a BOOL,
// neither 0 nor 1. `data` is little-endian and may be unaligned.
std::optional<size_t> FindBadValue(std::string_view data, const Dtype& dtype);

// "got NaN or infinity, expected a finite number", or what fits the type.
std::string DescribeBadValue(const Dtype& dtype);

}  // namespace gloce
