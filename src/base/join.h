// Lists in messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gloce {

// "a, b, c"; "" of nothing.
inline std::string Join(const std::vector<std::string>& items,
                        std::string_view separator = ", ") {
  std::string joined;
  for (const std::string& item : items) {
    if (!joined.empty()) joined += separator;
    joined += item;
  }
  return joined;
}

}  // namespace gloce
